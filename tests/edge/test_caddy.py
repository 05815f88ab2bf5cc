"""What only the real proxy can show: it is killed, requests are under way, names have certificates."""

import datetime
import os
import signal
import socket
import ssl
import stat
import threading
import time
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.contract.routes import OwnCertificate
from runtime.edge import caddy_admin
from runtime.edge.base import EdgeError, Place, Site
from runtime.edge.caddy_config import render
from runtime.edge.files import SiteFiles, folder_in
from runtime.redaction import Secret
from tests.edge.bench import PLACE, SHOP, EdgeBench
from tests.waiting import until

pytestmark = pytest.mark.thorough

OTHER = Place("01other", "01environment")
BACK_SECONDS = 10.0


def pem_for(*hosts: str) -> Secret:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Secret(made.public_bytes(serialization.Encoding.PEM).decode() + private.decode())


def presented(bench: EdgeBench, host: str) -> x509.Certificate:
    """The certificate that the edge shows for a name."""
    assert bench.doors is not None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((bench.doors.address, bench.doors.https), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")


def test_requests_under_way_are_waited_for_and_others_are_not(caddy: EdgeBench) -> None:
    for name in ("slow", "quick"):
        caddy.edge.admit(caddy.site(SHOP), caddy.servers.start(name))
    caddy.servers.slow["slow"] = 1.5
    heard: list[str] = []
    asking = [threading.Thread(target=lambda: heard.append(caddy.ask())) for _ in range(4)]
    for thread in asking:
        thread.start()
    time.sleep(0.4)
    began = time.monotonic()
    assert caddy.edge.dismiss(PLACE, ["slow"], wait=time.sleep) == 0
    assert time.monotonic() - began > 0.8
    for thread in asking:
        thread.join()
    assert set(heard) == {"slow", "quick"}
    began = time.monotonic()
    caddy.edge.dismiss(PLACE, ["quick"], wait=time.sleep)
    assert time.monotonic() - began < 0.8


def test_the_wait_for_requests_under_way_has_an_end(caddy: EdgeBench) -> None:
    caddy.edge.admit(caddy.site(SHOP, drain=1), caddy.servers.start("slow"))
    caddy.servers.slow["slow"] = 4.0
    asking = threading.Thread(target=caddy.ask)
    asking.start()
    time.sleep(0.4)
    began = time.monotonic()
    assert caddy.edge.dismiss(PLACE, ["slow"], wait=time.sleep) == 1
    assert time.monotonic() - began < 2.5
    asking.join()


def test_killed_caddy_is_back_with_every_site(caddy: EdgeBench) -> None:
    caddy.edge.settle(PLACE, caddy.site(SHOP), [caddy.servers.start("a")])
    caddy.edge.settle(OTHER, caddy.site("other.example.com", place=OTHER), [caddy.servers.start("b")])
    assert caddy.process is not None
    os.kill(caddy.process.caddy(), signal.SIGKILL)
    until(lambda: _asks(caddy, SHOP) == "a" and _asks(caddy, "other.example.com") == "b", seconds=BACK_SECONDS)


def test_the_whole_edge_killed_is_back_with_every_site_and_what_changed_meanwhile(caddy: EdgeBench) -> None:
    a, b = caddy.servers.start("a"), caddy.servers.start("b")
    caddy.edge.settle(PLACE, caddy.site(SHOP), [a])
    assert caddy.process is not None
    caddy.process.kill()
    caddy.edge.observe([caddy.servers.backend("a", up=False)], all_of_them=False)
    with pytest.raises(EdgeError, match="does not answer"):
        caddy.edge.admit(caddy.site("new.example.com"), b)
    caddy.process.start()
    assert caddy.ask("new.example.com") == "503"
    caddy.edge.observe([caddy.servers.backend("a")], all_of_them=False)
    until(lambda: caddy.ask() == "a")


def test_a_replica_comes_and_goes_without_a_new_configuration(caddy: EdgeBench) -> None:
    """A new configuration would end the connections that clients keep open."""
    assert caddy.folder is not None
    caddy.edge.settle(PLACE, caddy.site(SHOP), [caddy.servers.start("a")])
    before = caddy_admin.configuration(caddy.folder.admin)
    with httpx.Client(base_url=f"http://127.0.0.1:{caddy.doors.http}", headers={"Host": SHOP}) as client:  # type: ignore[union-attr]
        assert client.get("/").text == "a"
        caddy.edge.admit(caddy.site(SHOP), caddy.servers.start("b"))
        caddy.edge.dismiss(PLACE, ["a"], wait=time.sleep)
        caddy.edge.settle(PLACE, caddy.site(SHOP), [caddy.servers.backend("b")])
        answer = client.get("/")
        assert (answer.text, answer.headers.get("Connection")) == ("b", None)
    assert caddy_admin.configuration(caddy.folder.admin) == before


def test_the_particular_route_goes_before_the_general(caddy: EdgeBench) -> None:
    pages, api, any_name = (Place(name, "01environment") for name in ("01pages", "01api", "01any"))
    for place, name, host in ((any_name, "any", "*.example.com"), (pages, "pages", SHOP), (api, "api", f"{SHOP}/api")):
        caddy.edge.settle(place, caddy.site(host, place=place), [caddy.servers.start(name)])
    asked = [(SHOP, "/"), (SHOP, "/api"), (SHOP, "/api/x"), (SHOP, "/apix"), ("x.example.com", "/api")]
    assert [caddy.ask(host, path) for host, path in asked] == ["pages", "api", "api", "pages", "any"]
    assert caddy.ask("a.b.example.com") == "503"


def test_without_a_replica_the_page_says_so_and_when_to_come_again(caddy: EdgeBench) -> None:
    assert caddy.doors is not None
    answer = httpx.get(f"http://127.0.0.1:{caddy.doors.http}/", headers={"Host": "nobody.example.com"}, timeout=10)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("3", "no-store")
    assert "Not available here" in answer.text


def test_one_s_own_certificate_is_shown_kept_close_and_replaced_at_once(caddy: EdgeBench) -> None:
    assert caddy.folder is not None
    backend = caddy.servers.start("a")
    certificates = (OwnCertificate(certificate="01cert", secret="s"),)
    site = caddy.site(SHOP, tls="own", certificates=certificates)
    first, second = pem_for(SHOP), pem_for(SHOP)
    for pem in (first, second):
        caddy.edge.settle(PLACE, Site(place=PLACE, http=site.http, certificates={"01cert": pem}), [backend])
        shown = presented(caddy, SHOP)
        assert shown == x509.load_pem_x509_certificate(pem.reveal().encode())
    (kept,) = caddy.folder.certificates.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    caddy.edge.settle(PLACE, None, [])
    assert list(caddy.folder.certificates.iterdir()) == []


def test_plain_requests_are_sent_to_the_same_place_by_tls(caddy: EdgeBench) -> None:
    assert caddy.doors is not None
    caddy.edge.settle(PLACE, caddy.site("shop.localhost", tls="internal"), [caddy.servers.start("a")])
    plain = httpx.get(f"http://127.0.0.1:{caddy.doors.http}/x?y=1", headers={"Host": "shop.localhost"}, timeout=10)
    assert plain.status_code == httpx.codes.PERMANENT_REDIRECT
    assert plain.headers["Location"] == f"https://shop.localhost:{caddy.doors.https}/x?y=1"


def test_the_edge_s_own_authority_vouches_where_it_is_asked_to(caddy: EdgeBench) -> None:
    assert caddy.folder is not None
    caddy.edge.settle(PLACE, caddy.site("shop.localhost", tls="internal"), [caddy.servers.start("a")])
    root = caddy.folder.data / "pki" / "authorities" / "local" / "root.crt"
    until(root.is_file)
    context = ssl.create_default_context(cafile=str(root))
    assert caddy.doors is not None

    def verified() -> bool:
        try:
            with (
                socket.create_connection(("127.0.0.1", caddy.doors.https), timeout=5) as plain,  # type: ignore[union-attr]
                context.wrap_socket(plain, server_hostname="shop.localhost"),
            ):
                return True
        except OSError:
            return False

    until(verified)


def test_what_caddy_does_not_take_is_not_kept(caddy: EdgeBench) -> None:
    assert caddy.folder is not None
    caddy.edge.settle(PLACE, caddy.site(SHOP), [caddy.servers.start("a")])
    certificates = (OwnCertificate(certificate="01cert", secret="s"),)
    broken = Site(
        place=PLACE,
        http=msgspec.structs.replace(caddy.site(SHOP).http, tls="own", certificates=certificates),
        certificates={"01cert": Secret("no certificate")},
    )
    with pytest.raises(EdgeError, match="did not take the routes"):
        caddy.edge.settle(PLACE, broken, [caddy.servers.backend("a")])
    assert caddy.ask() == "a"
    assert caddy.doors is not None
    sites = SiteFiles(caddy.folder).all()
    assert caddy_admin.configuration(caddy.folder.admin) == render(caddy.doors, caddy.folder, sites)


def test_its_sockets_are_for_their_owner_alone_however_deep_the_home_lies(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    for home in (tmp_path, deep):
        folder = folder_in(home)
        assert len(os.fsencode(folder.admin)) <= 107
        assert stat.S_IMODE(folder.sockets.stat().st_mode) == 0o700


def _asks(bench: EdgeBench, host: str) -> str:
    try:
        return bench.ask(host)
    except OSError:
        return "down"
