"""Profiles are defined, changed and deleted by the site admin, and leave a trace."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.cast import Cast
from webapp.audit.models import Entry
from webapp.isolation import services
from webapp.isolation.models import Profile
from webapp.isolation.profiles import choices, profiles
from webapp.isolation.using import Use
from webapp.problems import Conflicting, Forbidden, Invalid

SETS: dict[str, Any] = {"capabilities": ["CHOWN"], "user": "1000"}


def nobody(profile: Profile) -> Sequence[Use]:
    return []


def defined(cast: Cast, **more: Any) -> Profile:
    return services.define_profile(
        actor=cast.actor("admin"), **{"slug": "small", "title": "Small", "sets": SETS, **more}
    )


def named(slug: str) -> Profile:
    return Profile.objects.get(slug=slug)


def test_what_a_new_profile_does_not_say_is_nothing(cast: Cast) -> None:
    profile = defined(cast)
    assert profile.sets == {
        "capabilities": ["CHOWN"], "no_new_privileges": True, "read_only": False, "tmpfs": [], "user": "1000",
        "runtime": "",
    }  # fmt: skip
    assert profile.allows["capabilities"] == profile.allows["runtimes"] == []
    assert not profile.allows["new_privileges"]
    assert not profile.is_default
    entry = Entry.objects.get(action="isolation.profile_defined")
    assert (entry.actor, entry.target) == ("admin", "small")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"slug": "No"}, "slug"),
        ({"title": ""}, "title"),
        ({"sets": {"privileged": True}}, "sets.privileged"),
        ({"sets": {"capabilities": ["SYS_ADMIN"]}}, "sets.capabilities"),
        ({"sets": {"tmpfs": [{"path": "/proc", "size": 4096}]}}, "sets.tmpfs.0.path"),
        ({"allows": {"devices": True}}, "allows.devices"),
        ({"allows": {"capabilities": ["ALL"]}}, "allows.capabilities"),
        ({"allows": {"root": 1}}, "allows.root"),
        ({"allows": {"runtimes": ["../x"]}}, "allows.runtimes"),
        ({"ceilings": {"disk": 1}}, "ceilings.disk"),
        ({"ceilings": {"nofile": 1}}, "ceilings.nofile"),
        ({"ceilings": {"cpus": "many"}}, "ceilings.cpus"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(cast: Cast, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        defined(cast, **more)
    assert list(refused.value.errors) == [field]


def test_a_slug_is_taken_once(cast: Cast) -> None:
    defined(cast)
    with pytest.raises(Conflicting, match="already"):
        defined(cast)


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_only_a_site_admin_does_this(cast: Cast, who: str) -> None:
    actor, profile = cast.actor(who), named("hardened")
    for verb in (
        lambda: services.define_profile(actor=actor, slug="x", title="X"),
        lambda: services.change_profile(actor=actor, profile=profile, title="X"),
        lambda: services.make_default(actor=actor, profile=profile),
        lambda: services.delete_profile(actor=actor, profile=profile, users=nobody),
    ):
        with pytest.raises(Forbidden):
            verb()


def test_a_change_says_what_it_was_and_is_and_the_same_again_nothing(cast: Cast) -> None:
    admin = cast.actor("admin")
    for _ in range(2):
        services.change_profile(actor=admin, profile=named("standard"), ceilings={"memory": 2**30})
    entry = Entry.objects.get(action="isolation.profile_changed")
    assert entry.before is not None and entry.before["ceilings"] == {"nofile": 16384}
    assert entry.after is not None and entry.after["ceilings"] == {"memory": 2**30}


def test_one_profile_is_the_default(cast: Cast) -> None:
    admin = cast.actor("admin")
    for _ in range(2):
        services.make_default(actor=admin, profile=named("hardened"))
    assert [profile.slug for profile in Profile.objects.filter(is_default=True)] == ["hardened"]
    assert profiles().named("") == profiles().by_slug["hardened"]
    assert profiles().named("none-such") is None
    assert choices()[0] == ("", "Hardened: no root, nothing written but memory (the usual one)")
    assert Entry.objects.filter(action="isolation.default_changed").count() == 1


def test_neither_the_default_nor_one_in_use_is_deleted(cast: Cast) -> None:
    admin, profile = cast.actor("admin"), defined(cast)
    with pytest.raises(Conflicting, match="default"):
        services.delete_profile(actor=admin, profile=named("standard"), users=nobody)
    with pytest.raises(Conflicting, match="web/front"):
        services.delete_profile(actor=admin, profile=profile, users=lambda profile: [Use(id="s", words="web/front")])
    for _ in range(2):
        services.delete_profile(actor=admin, profile=profile, users=nobody)
    assert not Profile.objects.filter(slug="small").exists()
    assert Entry.objects.filter(action="isolation.profile_deleted").count() == 1
