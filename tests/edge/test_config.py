"""What Caddy is told, as a value."""

from pathlib import Path
from typing import Any

from runtime.contract.routes import Http, Route
from runtime.edge import names
from runtime.edge.base import Place
from runtime.edge.caddy_config import Doors, Folder, render
from runtime.edge.state import Face, Known, Member

DOORS = Doors(address="127.0.0.1", http=80, https=443)
FOLDER = Folder(home=Path("/edge"), sockets=Path("/run/edge"))
PLACE = Place("01s", "01e")
ID = b"\x12\x34"


def known(*hosts: str, tls: str = "off", port: int = 8080, members: tuple[Member, ...] = (), **more: Any) -> Known:
    routes = tuple(Route(host=host) for host in hosts)
    face = Face(http=Http(port=port, routes=routes, tls=tls, **more), members=members)  # type: ignore[arg-type]
    return Known(now=face, settled=face)


def member(name: str, address: str, *, port: int = 8080, up: bool = True) -> Member:
    return Member(container=name, inner=port, address=address, port=port, up=up, started_ns=1, admitted=0.0)


def told(doors: Doors = DOORS, **sites: Known) -> dict[str, Any]:
    return render(doors, FOLDER, {Place(name, "01e"): site for name, site in sites.items()})


def policies(config: dict[str, Any]) -> dict[str, list[str]]:
    found = config["apps"]["tls"]["automation"]["policies"]
    return {policy["issuers"][0]["module"]: policy["subjects"] for policy in found}


def test_automatic_names_are_vouched_for_by_acme_and_internal_ones_by_the_host_itself() -> None:
    config = told(a=known("shop.example.com", "*.localhost", "shop.internal", tls="automatic"))
    assert policies(config) == {"acme": ["shop.example.com"], "internal": ["*.localhost", "shop.internal"]}
    assert config["apps"]["tls"]["certificates"]["automate"] == ["*.localhost", "shop.example.com", "shop.internal"]
    assert policies(told(a=known("shop.example.com", tls="internal"))) == {"internal": ["shop.example.com"]}
    assert policies(told(a=known("shop.example.com", tls="own"))) == {}


def test_another_authority_and_whom_it_writes_to_are_told() -> None:
    doors = changed(DOORS, acme_directory="https://acme.example.com/directory", acme_email="ops@example.com")
    (policy,) = told(doors, a=known("shop.example.com", tls="automatic"))["apps"]["tls"]["automation"]["policies"]
    (issuer,) = policy["issuers"]
    assert (issuer["ca"], issuer["email"]) == ("https://acme.example.com/directory", "ops@example.com")


def test_nothing_of_it_depends_on_who_serves() -> None:
    none = told(a=known("shop.example.com"))
    assert (
        told(a=known("shop.example.com", members=(member("c", "10.0.0.9"), member("d", "10.0.0.8", up=False)))) == none
    )
    assert told(a=known("shop.example.com", port=9090)) != none


def test_no_authority_gets_into_a_trust_store_and_the_admin_socket_is_the_only_door_in() -> None:
    config = told(a=known("shop.localhost", tls="internal"))
    assert config["apps"]["pki"]["certificate_authorities"]["local"]["install_trust"] is False
    assert config["admin"]["listen"] == "unix//run/edge/admin.sock"


def question(name: str, kind: int = names.A) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    return ID + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00" + bytes([0, kind, 0, 1])


def addresses(answer: bytes) -> list[bytes]:
    count = int.from_bytes(answer[6:8], "big")
    return [answer[len(answer) - 16 * (count - at) :][12:16] for at in range(count)]


def test_a_name_leads_to_who_is_up_at_its_port() -> None:
    members = (member("c", "10.0.0.9"), member("d", "10.0.0.8", up=False), member("e", "10.0.0.7", port=9090))
    site = known("shop.example.com", members=members)
    asked = question(names.name_of(PLACE, 8080))
    answer = names.answer(asked, lambda place: site if place == PLACE else Known())
    assert answer[:2] == ID and addresses(answer) == [bytes([10, 0, 0, 9])]
    assert addresses(names.answer(question(names.name_of(PLACE, 9090)), lambda _: site)) == [bytes([10, 0, 0, 7])]
    assert addresses(names.answer(question(names.name_of(PLACE, 8080), names.AAAA), lambda _: site)) == []


def test_a_site_that_nobody_serves_leads_to_where_no_connection_is_made() -> None:
    down = known("shop.example.com", members=(member("c", "10.0.0.9", up=False),))
    for site in (down, Known()):
        answer = names.answer(question(names.name_of(PLACE, 8080)), lambda _, site=site: site)  # type: ignore[misc]
        assert addresses(answer) == [bytes([255, 255, 255, 255])]


def test_what_is_no_question_is_answered_without_a_fault() -> None:
    good = question(names.name_of(PLACE, 8080))
    assert names.answer(b"", lambda _: Known()) == names.answer(b"\x00" * 11, lambda _: Known()) == b""
    for cut in range(12, len(good)):
        assert names.answer(good[:cut], lambda _: Known())[:2] == ID
    for other in ("a.b.", "p1.x.y.z.", "px.01s.01e.edge.", "\x80.01s.01e.edge."):
        assert addresses(names.answer(question(other), lambda _: Known())) == []
    assert names.answer(ID + b"\xff" * 300, lambda _: Known())[:2] == ID


def changed(doors: Doors, **changes: str) -> Doors:
    return Doors(address=doors.address, http=doors.http, https=doors.https, **changes)
