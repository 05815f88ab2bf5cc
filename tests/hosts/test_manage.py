"""Drain a host, say whom it serves and how much it builds; what it says of itself."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils.timezone import now

from runtime.contract.link import SILENT_AFTER_SECONDS, DiskHeld, EngineFacts
from runtime.contract.message import whole
from tests.cast import EVERYBODY, FACTS, Cast
from webapp.audit.models import Entry
from webapp.hosts.models import Host
from webapp.hosts.services import (
    Room,
    disconnected,
    enroll,
    heard,
    restrict,
    revoke,
    set_build_slots,
    set_drained,
    set_labels,
    set_room,
    told_disk,
)
from webapp.problems import Forbidden, Invalid
from webapp.teams.policy import SYSTEM, actor_for_token


def told(action: str) -> list[Entry]:
    return list(Entry.objects.filter(action=action, outcome="done"))


def own_host(cast: Cast, *also: Any) -> Host:
    """One that serves the cast's team alone, unless others are named."""
    host, _ = enroll(actor=SYSTEM, name="own")
    return restrict(actor=SYSTEM, host=host, every_team=False, teams=[cast.team, *also])


def say(host: Host, **more: Any) -> Host:
    given: dict[str, Any] = {
        "facts": None,
        "engine_answers": True,
        "clock_ns": 0,
        "version": "0.1.0",
        "connected": True,
    }
    heard(host=host, **{**given, **more})
    return Host.objects.get(id=host.id)


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_teams_own_host_is_its_operators_to_drain_and_a_shared_one_the_admins(cast: Cast, who: str) -> None:
    own, actor = own_host(cast), cast.actor(who)
    for host, allowed in ((own, ("operator", "owner", "admin")), (cast.host, ("admin",))):
        if who in allowed:
            assert set_drained(actor=actor, host=host, drained=True).drained
        else:
            with pytest.raises(Forbidden):
                set_drained(actor=actor, host=host, drained=True)
        assert Host.objects.get(id=host.id).drained == (who in allowed)


def test_a_host_of_two_teams_is_neithers_alone(cast: Cast) -> None:
    shared = own_host(cast, cast.rivals)
    for who in ("owner", "stranger"):
        with pytest.raises(Forbidden):
            set_drained(actor=cast.actor(who), host=shared, drained=True)


def test_a_token_that_may_deploy_does_not_drain(cast: Cast) -> None:
    token, _ = cast.token("owner", "deploy")
    with pytest.raises(Forbidden):
        set_drained(actor=actor_for_token(token), host=own_host(cast), drained=True)


def test_drained_twice_is_drained_once(cast: Cast) -> None:
    for drained in (True, True, False, False):
        set_drained(actor=cast.actor("admin"), host=cast.host, drained=drained)
    assert len(told("host.drained")) == len(told("host.undrained")) == 1
    assert Host.objects.get().state == "ready"


def test_whom_it_serves_is_who_sees_it(cast: Cast) -> None:
    own = own_host(cast)
    seen = {who: own in Host.objects.visible_to(cast.actor(who)) for who in EVERYBODY}
    assert seen == {who: who != "stranger" for who in EVERYBODY}
    assert own in Host.objects.serving(cast.team.id) and own not in Host.objects.serving(cast.rivals.id)
    restrict(actor=SYSTEM, host=own, every_team=True)
    assert own in Host.objects.visible_to(cast.actor("stranger"))


def test_every_team_and_a_list_of_teams_is_a_contradiction(cast: Cast) -> None:
    with pytest.raises(Invalid):
        restrict(actor=cast.actor("admin"), host=cast.host, every_team=True, teams=[cast.team])


def test_the_same_again_is_not_told(cast: Cast) -> None:
    admin = cast.actor("admin")
    for _ in range(2):
        restrict(actor=admin, host=cast.host, every_team=False, teams=[cast.team])
        set_build_slots(actor=admin, host=cast.host, build_slots=5)
    entry = told("host.restricted")[0]
    assert entry.before == {"every_team": True, "teams": []} and entry.after == {"every_team": False, "teams": ["shop"]}
    assert len(told("host.restricted")) == len(told("host.build_slots_changed")) == 1


@pytest.mark.parametrize("slots", [-1, 65])
def test_build_slots_have_bounds(cast: Cast, slots: int) -> None:
    with pytest.raises(Invalid):
        set_build_slots(actor=cast.actor("admin"), host=cast.host, build_slots=slots)


@pytest.mark.parametrize("who", ["owner", "operator", "viewer", "stranger"])
def test_whom_it_serves_and_how_much_it_builds_is_the_site_admins(cast: Cast, who: str) -> None:
    actor, host = cast.actor(who), own_host(cast)
    acts: list[Callable[[], object]] = [
        lambda: restrict(actor=actor, host=host, every_team=True),
        lambda: set_build_slots(actor=actor, host=host, build_slots=9),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    host.refresh_from_db()
    assert (host.every_team, host.build_slots) == (False, 2)


def test_a_host_is_what_it_said_last(cast: Cast) -> None:
    host, _ = enroll(actor=SYSTEM, name="second")
    facts = msgspec.convert(FACTS, type=EngineFacts)
    assert say(host, facts=facts).state == "ready"
    known = say(host, engine_answers=False)
    assert known.state == "engine_down" and known.facts == json.loads(json.dumps(whole(facts)))
    Host.objects.filter(id=host.id).update(last_heard_at=now() - timedelta(seconds=SILENT_AFTER_SECONDS + 1))
    assert Host.objects.get(id=host.id).state == "unknown"


def test_a_clock_and_a_version_from_nowhere_are_kept_within_bounds(cast: Cast) -> None:
    for clock in (-(2**63), 2**63):
        assert abs(say(cast.host, clock_ns=clock, version="v" * 500).clock_skew_ms) <= 2**31
    assert len(Host.objects.get().version) == 40


def test_a_revoked_host_is_not_heard(cast: Cast) -> None:
    revoke(actor=SYSTEM, host=cast.host)
    before = Host.objects.values().get()
    assert say(cast.host).state == "revoked"
    assert Host.objects.values().get() == before


def test_a_link_that_ended_is_noted(cast: Cast) -> None:
    say(cast.host, link="new")
    say(cast.host)
    disconnected(host=cast.host, link="new")
    assert not Host.objects.get().connected


def test_a_link_that_was_replaced_says_nothing_of_the_host_when_it_ends(cast: Cast) -> None:
    say(cast.host, link="old")
    say(cast.host, link="new")
    disconnected(host=cast.host, link="old")
    assert Host.objects.get().connected


def test_how_much_its_worker_does_at_once_is_kept_within_bounds(cast: Cast) -> None:
    assert say(cast.host, concurrency=6).concurrency == 6
    assert say(cast.host).concurrency == 6
    assert say(cast.host, concurrency=2**40).concurrency == 1000


def test_the_disk_is_kept_as_it_was_counted_last_and_shown(cast: Cast) -> None:
    for images in (1, 5):
        told_disk(host=cast.host, said=DiskHeld(images=images, containers=2, volumes=3, build_cache=4), now=now())
    shown = cast.client("viewer").get(f"/api/v1/hosts/{cast.host.id}/").json()["capacity"]
    assert (shown["disk_use"]["images"], shown["disk_use"]["build_cache"]) == (5, 4)
    assert shown["short_of_disk"] is False


@pytest.mark.parametrize(("free", "short"), [(11, False), (9, True), (0, True)])
def test_a_disk_with_less_than_a_tenth_free_is_warned_of(cast: Cast, free: int, short: bool) -> None:
    Host.objects.filter(id=cast.host.id).update(facts={**FACTS, "disk_total": 100, "disk_free": free})
    assert Host.objects.get(id=cast.host.id).is_short_of_disk is short
    page = cast.client("viewer").get(f"/hosts/{cast.host.id}/").content.decode()
    assert ("Less than a tenth of its disk is free" in page) is short


def test_a_host_that_never_said_how_large_its_disk_is_is_not_short_of_it(cast: Cast) -> None:
    assert not Host(name="new").is_short_of_disk


@pytest.mark.parametrize("who", EVERYBODY)
def test_labels_and_room_are_set_by_who_drains_it(cast: Cast, who: str) -> None:
    own, actor = own_host(cast), cast.actor(who)
    acts: list[Callable[[], object]] = [
        lambda: set_labels(actor=actor, host=own, labels={"zone": "north"}),
        lambda: set_room(actor=actor, host=own, room=Room(cpus=1.5, memory=2**30, replicas=4)),
    ]
    for act in acts:
        if who in ("operator", "owner", "admin"):
            act()
            act()
        else:
            with pytest.raises(Forbidden):
                act()
    own.refresh_from_db()
    allowed = who in ("operator", "owner", "admin")
    assert own.labels == ({"zone": "north"} if allowed else {}) and own.max_replicas == (4 if allowed else None)
    assert len(told("host.labels_changed")) == len(told("host.room_changed")) == int(allowed)


@pytest.mark.parametrize(
    ("room", "field"),
    [(Room(cpus=-1), "max_cpus"), (Room(memory=-1), "max_memory"), (Room(replicas=10_001), "max_replicas")],
)
def test_room_has_bounds(cast: Cast, room: Room, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        set_room(actor=cast.actor("admin"), host=cast.host, room=room)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize("labels", [{"Zone": "x"}, {"a": ""}, {"a": "b c"}, ["a"], {"a": 1}, {"a\n": "b"}])
def test_what_is_no_label_is_refused(cast: Cast, labels: Any) -> None:
    with pytest.raises(Invalid):
        set_labels(actor=cast.actor("admin"), host=cast.host, labels=labels)
    assert Host.objects.get().labels == {}


def test_the_api_and_the_page_set_them_alike(cast: Cast) -> None:
    own, operator = own_host(cast), cast.client("operator")
    url = f"/api/v1/hosts/{own.id}/"
    sent = {"labels": {"zone": "north"}, "max_cpus": 2.5, "max_memory": 2**31}
    shown = operator.patch(url, sent, content_type="application/json").json()
    assert shown["labels"] == {"zone": "north"} and shown["capacity"]["max_memory"] == 2**31
    boxes = {"labels": "zone=south\ndisk=ssd", "max_memory": "3g", "max_replicas": "7", "max_cpus": ""}
    assert operator.post(f"/hosts/{own.id}/room/", boxes).status_code == 302
    own.refresh_from_db()
    assert own.labels == {"disk": "ssd", "zone": "south"}
    assert (own.max_cpus, own.max_memory, own.max_replicas) == (None, 3 * 2**30, 7)
    html = operator.get(f"/hosts/{own.id}/").content.decode()
    assert "zone=south" in html and 'value="3g"' in html
    assert operator.post(f"/hosts/{own.id}/room/", {**boxes, "max_memory": "much"}).status_code == 400
