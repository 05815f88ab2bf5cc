"""A machine becomes a host by a one-time code and a key of its own."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tests.cast import Cast
from tests.hosts.given import NO_REDIS, Machine
from tests.redis_rig import redis_server, redis_url
from webapp.audit.models import Entry
from webapp.hosts.models import Enrollment, Host
from webapp.hosts.services import (
    Code,
    enroll,
    find_host,
    fingerprint,
    invite,
    make_code,
    restrict,
    revoke,
    teams_to_serve,
)
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.rest.throttling import buckets
from webapp.teams.policy import SYSTEM

__all__ = ["redis_server", "redis_url"]

pytestmark = pytest.mark.urls("tests.ingest.urls")


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Each test has its tries."""
    buckets.clear()
    yield
    buckets.clear()


def invited(cast: Cast, name: str = "second", **more: Any) -> tuple[Host, Code]:
    return invite(actor=cast.actor("admin"), name=name, now=now(), **more)


def told(action: str) -> list[Entry]:
    return list(Entry.objects.filter(action=action, outcome="done"))


def test_a_machine_with_the_code_is_the_host_from_then_on(cast: Cast, redis_url: str) -> None:
    host, code = invited(cast, teams=[cast.team])
    assert host.state == "awaited" and code.text not in str(list(Enrollment.objects.values()))
    machine = Machine()
    status, told_host = machine.enroll(code.text)
    assert status == 200 and told_host["host"] == "second"
    known = find_host(told_host["credential"])
    assert known == host and known.state == "enrolled" and list(known.teams.all()) == [cast.team]
    assert known.public_key == machine.identity.public
    entry = Entry.objects.get(action="host.enrolled", target_id=host.id)
    assert entry.after == {"key": fingerprint(known.public_key), "code_of": "admin", "own_doorbell": True}
    everything = str([list(model.objects.values()) for model in (Host, Enrollment, Entry)])
    assert told_host["credential"].split("_")[2] not in everything and code.text not in everything


def test_a_code_is_good_once(cast: Cast, redis_url: str) -> None:
    _, code = invited(cast)
    first, second = Machine(), Machine()
    assert first.enroll(code.text)[0] == 200
    assert second.enroll(code.text) == (410, {**second.enroll(code.text)[1], "code": "enrollment.spent"})
    assert first.enroll(code.text)[0] == 410
    assert Host.objects.get(name="second").public_key == first.identity.public


def test_a_code_is_good_for_fifteen_minutes(cast: Cast, redis_url: str) -> None:
    _, code = invited(cast)
    assert timedelta(minutes=14) < code.expires_at - now() <= timedelta(minutes=15)
    Enrollment.objects.update(expires_at=now())
    assert Machine().enroll(code.text)[0] == 410
    assert Host.objects.get(name="second").state == "awaited"


def test_a_new_code_voids_the_one_before_and_takes_the_host_over_when_it_is_used(cast: Cast, redis_url: str) -> None:
    host, code = invited(cast)
    credential = Machine().enroll(code.text)[1]["credential"]
    unused, used = (make_code(actor=cast.actor("admin"), host=host, now=now()) for _ in range(2))
    assert find_host(credential) == host, "until the code is used"
    assert Machine().enroll(unused.text)[0] == 404
    status, again = Machine().enroll(used.text)
    assert status == 200 and find_host(credential) is None and find_host(again["credential"]) == host


WRONG: list[Callable[[Machine, str], dict[str, Any]]] = [
    lambda machine, code: {"signature": machine.identity.sign_code(code + "x")},
    lambda machine, code: {"key": Machine().identity.public},
    lambda machine, code: {"key": "", "signature": ""},
    lambda machine, code: {"key": machine.identity.public[:-4] + "===="},
    lambda machine, code: {"signature": "A" * 88},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_key_that_did_not_sign_the_code_is_refused_and_the_code_stays_good(
    cast: Cast, redis_url: str, wrong: Callable[[Machine, str], dict[str, Any]]
) -> None:
    _, code = invited(cast)
    machine = Machine()
    assert machine.enroll(code.text, **wrong(machine, code.text))[0] == 400
    assert machine.enroll(code.text)[0] == 200


def test_a_code_of_nobody_is_refused_remembered_and_not_tried_for_ever(cast: Cast, redis_url: str) -> None:
    answers = [Machine().enroll("sle_guessed")[0] for _ in range(12)]
    assert answers == [404] * 10 + [429] * 2
    assert Entry.objects.filter(action="host.unknown", outcome="refused", reason="enrollment.missing").exists()


def test_another_contract_is_told_to_fetch_the_worker_that_fits(cast: Cast, redis_url: str) -> None:
    _, code = invited(cast)
    assert Machine().enroll(code.text, contract=99)[0] == 426


def test_redis_away_costs_no_code(cast: Cast, settings: Settings, redis_server: str) -> None:
    _, code = invited(cast)
    settings.REDIS_URL = NO_REDIS
    assert Machine().enroll(code.text)[0] == 503
    settings.REDIS_URL = redis_server
    assert Machine().enroll(code.text)[0] == 200


@pytest.mark.parametrize("who", ["owner", "operator", "developer", "viewer", "stranger", "admin"])
def test_an_operator_brings_a_host_for_teams_of_his_and_a_site_admin_any(cast: Cast, who: str) -> None:
    actor = cast.actor(who)
    for number, (every, teams, allowed) in enumerate(
        (
            (False, [cast.team], ("owner", "operator", "admin")),
            (False, [cast.team, cast.rivals], ("admin",)),
            (True, [], ("admin",)),
            (False, [], ("admin",)),
        )
    ):
        if who in allowed:
            invite(actor=actor, name=f"h{number}", now=now(), every_team=every, teams=teams)
        else:
            with pytest.raises(Forbidden):
                invite(actor=actor, name=f"h{number}", now=now(), every_team=every, teams=teams)
    served = {"owner": [cast.team], "operator": [cast.team], "stranger": [cast.rivals]}
    assert teams_to_serve(actor) == served.get(who, [cast.rivals, cast.team] if who == "admin" else [])


def test_an_operator_makes_codes_for_the_teams_own_host_alone(cast: Cast) -> None:
    own, _ = enroll(actor=SYSTEM, name="own")
    restrict(actor=SYSTEM, host=own, every_team=False, teams=[cast.team])
    make_code(actor=cast.actor("operator"), host=own, now=now())
    for who, host in (("operator", cast.host), ("developer", own), ("stranger", own)):
        with pytest.raises(Forbidden):
            make_code(actor=cast.actor(who), host=host, now=now())


def test_a_code_of_somebody_who_may_no_more_is_worth_nothing(cast: Cast, redis_url: str) -> None:
    _, code = invite(actor=cast.actor("operator"), name="second", now=now(), teams=[cast.team])
    cast.users["operator"].memberships.all().delete()
    assert Machine().enroll(code.text)[0] == 410


def test_what_waits_for_a_revoked_host_is_not_an_operators_to_take(cast: Cast) -> None:
    revoke(actor=SYSTEM, host=cast.host)
    with pytest.raises(Conflicting):
        invite(actor=cast.actor("owner"), name="local", now=now(), teams=[cast.team])
    assert invited(cast, "local")[0].id == cast.host.id


def test_a_revoked_host_gets_no_code_and_its_open_one_is_void(cast: Cast, redis_url: str) -> None:
    host, code = invited(cast)
    for _ in range(2):
        revoke(actor=cast.actor("admin"), host=host)
    assert Machine().enroll(code.text)[0] == 404 and len(told("host.revoked")) == 1
    with pytest.raises(Conflicting):
        make_code(actor=cast.actor("admin"), host=host, now=now())


def test_every_team_and_some_teams_is_a_contradiction(cast: Cast) -> None:
    with pytest.raises(Invalid):
        invited(cast, every_team=True, teams=[cast.team])
