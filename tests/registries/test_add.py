"""A registry is named with its password, which nobody reads back."""

from typing import Any

import pytest

from tests.cast import Cast
from webapp.audit.models import Entry
from webapp.environments import vault
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.registries import services
from webapp.registries.models import Registry

CANARY = "canary-7f3a"


def add(cast: Cast, who: str = "operator", **more: Any) -> Registry:
    given = {"url": "registry.example.org:5000", "username": "robot", "password": CANARY, "prefix": "/shop/"} | more
    return services.add_registry(actor=cast.actor(who), team=cast.team, **given)


def test_an_operator_names_a_registry_for_the_team(cast: Cast) -> None:
    registry = add(cast)
    assert (registry.address, registry.prefix, registry.plain) == ("registry.example.org:5000", "shop", False)
    assert registry.url == "https://registry.example.org:5000"
    assert services.place_of(registry).password == CANARY
    assert list(Registry.objects.usable_by(cast.project)) == [registry]


def test_the_password_is_nowhere_in_clear(cast: Cast) -> None:
    client = cast.bearer("operator")
    answer = client.post(
        "/api/v1/registries/",
        {"project": cast.project.id, "url": "registry.example.org", "username": "robot", "password": CANARY},
        content_type="application/json",
    )
    assert answer.status_code == 201 and answer.json()["has_password"] is True
    registry = Registry.objects.get()
    said = [answer.content.decode(), client.get("/api/v1/registries/").content.decode()]
    said += [cast.client("operator").get(f"/registries/{registry.id}/").content.decode()]
    said += [str(entry.after) + str(entry.before) for entry in Entry.objects.all()]
    assert not any(CANARY in text for text in said) and CANARY.encode() not in bytes(registry.password)


def test_the_password_is_sealed_anew_when_keys_change(cast: Cast) -> None:
    registry = add(cast)
    before = bytes(registry.password)
    assert vault.rotate() >= 1
    registry.refresh_from_db()
    assert bytes(registry.password) != before and services.place_of(registry).password == CANARY


def test_docker_hub_is_asked_where_its_api_is(cast: Cast) -> None:
    assert add(cast, url="docker.io").url == "https://registry-1.docker.io"


@pytest.mark.parametrize(
    "url",
    ["", "registry", "10.0.0.5:5000", "localhost:5000", "ftp://registry.example.org", "http://169.254.169.254",
     "registry.example.org/path", "user:pw@registry.example.org", "registry.example.org:99999", "a b.example.org",
     "registry.example.org?x=1", "registry.example.org#x", "x;y.example.org", "https://", "https://https://x.example.org"],
)  # fmt: skip
def test_an_address_that_is_none_or_private_is_refused(cast: Cast, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(cast, url=url)
    assert "url" in refused.value.errors and not Registry.objects.exists()


@pytest.mark.parametrize(
    "given",
    [{"prefix": "../x"}, {"prefix": "Up"}, {"prefix": "a b"}, {"username": "a:b"}, {"password": ""}, {"username": ""},
     {"username": "a\nb"}, {"password": "a\nb"}],
)  # fmt: skip
def test_a_prefix_or_login_that_is_none_is_refused(cast: Cast, given: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        add(cast, **given)


def test_the_same_registry_is_named_once_for_a_place(cast: Cast) -> None:
    add(cast)
    with pytest.raises(Conflicting):
        add(cast)
    own = add(cast, project=cast.project)
    assert Registry.objects.usable_by(cast.project).first() == own


@pytest.mark.parametrize("who", ["viewer", "developer", "stranger"])
def test_nobody_below_an_operator_names_one(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        add(cast, who)
    assert not Registry.objects.exists()


def test_another_teams_project_is_none_of_ours(cast: Cast) -> None:
    with pytest.raises((Invalid, Forbidden)):
        add(cast, project=cast.foreign_project)


def test_a_change_keeps_the_password_unless_another_is_given(cast: Cast) -> None:
    registry, operator = add(cast), cast.actor("operator")
    changed = services.change_registry(actor=operator, registry=registry, prefix="other")
    assert (changed.prefix, services.place_of(changed).password) == ("other", CANARY)
    entries = Entry.objects.filter(action="registry.change")
    assert entries.count() == 1
    services.change_registry(actor=operator, registry=changed, prefix="other")
    assert entries.count() == 1
    public = services.change_registry(actor=operator, registry=changed, username="", password="")
    assert services.place_of(public).password == "" and entries.count() == 2


def test_removing_it_forgets_the_password(cast: Cast) -> None:
    services.remove_registry(actor=cast.actor("operator"), registry=add(cast))
    assert not Registry.objects.exists()
    assert Entry.objects.filter(action="registry.remove").count() == 1


def test_a_strangers_page_and_api_have_none(cast: Cast) -> None:
    registry = add(cast)
    assert cast.client("stranger").get(f"/registries/{registry.id}/").status_code == 404
    assert cast.bearer("stranger").get(f"/api/v1/registries/{registry.id}/").status_code == 404
    assert cast.bearer("viewer", "read").get("/api/v1/registries/").status_code == 403
