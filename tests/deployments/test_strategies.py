"""How a release takes over on several hosts: all prove themselves before any switches, all stop before any starts."""

from typing import Any

import pytest

from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.models import Deployment, Replica
from webapp.deployments.settings.validation import clean_service
from webapp.jobs.models import Job
from webapp.problems import Invalid

pytestmark = pytest.mark.thorough

BLUE_GREEN = {"kind": "blue_green"}
RECREATE = {"kind": "recreate"}


def asked(harbour: Harbour, strategy: dict[str, Any]) -> tuple[Deployment, Deployment]:
    """One release runs on two hosts; the second, which takes over by `strategy`, is asked for."""
    owner = harbour.cast.actor("owner")
    harbour.service = services.change_service(
        actor=owner, service=harbour.service, settings={"replicas": 2, "strategy": strategy}
    )
    other = harbour.host("other", harbour.cast.dev)
    builds = []
    for _ in range(2):
        builds.append(harbour.built())
        harbour.built(host=other, same_as=builds[-1])
    done = harbour.deployed(build=builds[0])
    wish = services.deploy(actor=owner, service=harbour.service, environment=harbour.cast.dev, build=builds[1])
    return done, wish


def job(harbour: Harbour, deployment: Deployment) -> Job:
    found = harbour.next_job(deployment)
    assert found is not None
    return found


def succeed(harbour: Harbour, deployment: Deployment, *expected: tuple[str, str]) -> None:
    """The next hosts do what they are told, which is this."""
    for host, until in expected:
        told = job(harbour, deployment)
        assert (told.host.name, told.order.get("until", "done")) == (host, until)
        harbour.succeed(told)


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.values_list("state", flat=True).get(id=deployment.id))


def test_blue_green_proves_everywhere_and_then_switches_everywhere(harbour: Harbour) -> None:
    done, wish = asked(harbour, BLUE_GREEN)
    succeed(harbour, wish, ("local", "proved"))
    assert {row.release_id for row in harbour.replicas()} == {done.release_id, wish.release_id}
    assert len(harbour.replicas()) == 4, "the old set serves beside the new one"
    succeed(harbour, wish, ("other", "proved"), ("local", "done"), ("other", "done"))
    assert state_of(wish) == "succeeded"
    assert [(row.index, row.release_id) for row in harbour.replicas()] == [(1, wish.release_id), (2, wish.release_id)]
    assert not Replica.objects.filter(desired="gone").exclude(container="").exists()


@pytest.mark.parametrize("state", ["failed", "cancelled"])
@pytest.mark.parametrize("proved", [0, 1])
def test_before_the_switch_the_old_set_is_left_as_it_is(harbour: Harbour, proved: int, state: Any) -> None:
    done, wish = asked(harbour, BLUE_GREEN)
    before = {row.id: row.container for row in harbour.replicas() if row.release_id == done.release_id}
    succeed(harbour, wish, *[("local", "proved")][:proved])
    harbour.fail(job(harbour, wish), reverted=True, state=state)
    for _ in range(proved):
        back = job(harbour, wish)
        assert back.host.name == "local" and {row["replica"] for row in back.order["replicas"]} <= before.keys()
        harbour.succeed(back)
    assert state_of(wish) == {"failed": "rolled_back", "cancelled": "cancelled"}[state]
    assert {row.id: row.container for row in harbour.replicas()} == before


def test_a_failure_at_the_switch_brings_every_host_back_and_the_one_that_failed_last(harbour: Harbour) -> None:
    done, wish = asked(harbour, BLUE_GREEN)
    succeed(harbour, wish, ("local", "proved"), ("other", "proved"), ("local", "done"))
    harbour.fail(job(harbour, wish), reverted=True)
    succeed(harbour, wish, ("local", "done"), ("other", "done"))
    assert state_of(wish) == "rolled_back"
    assert [(row.index, row.release_id) for row in harbour.replicas()] == [(1, done.release_id), (2, done.release_id)]


def test_cancelled_between_the_two_steps_the_new_set_goes(harbour: Harbour) -> None:
    done, wish = asked(harbour, BLUE_GREEN)
    succeed(harbour, wish, ("local", "proved"), ("other", "proved"))
    services.cancel(actor=harbour.cast.actor("owner"), deployment=wish)
    succeed(harbour, wish, ("other", "done"), ("local", "done"))
    assert state_of(wish) == "cancelled"
    assert {row.release_id for row in harbour.replicas()} == {done.release_id}


def test_recreate_stops_everywhere_and_then_starts_everywhere(harbour: Harbour) -> None:
    _, wish = asked(harbour, RECREATE)
    succeed(harbour, wish, ("local", "stopped"), ("other", "stopped"), ("local", "done"), ("other", "done"))
    assert state_of(wish) == "succeeded"
    assert [(row.index, row.release_id) for row in harbour.replicas()] == [(1, wish.release_id), (2, wish.release_id)]


def test_what_was_only_stopped_is_started_again_when_another_host_fails(harbour: Harbour) -> None:
    done, wish = asked(harbour, RECREATE)
    before = {row.id for row in harbour.replicas() if row.release_id == done.release_id}
    succeed(harbour, wish, ("local", "stopped"))
    harbour.fail(job(harbour, wish), reverted=True)
    back = job(harbour, wish)
    assert back.order["release"] == done.release_id
    harbour.succeed(back)
    assert state_of(wish) == "rolled_back" and {row.id for row in harbour.replicas()} == before


@pytest.mark.parametrize(
    ("strategy", "field"),
    [
        ({"kind": "canary"}, "kind"),
        ({"kind": "rolling", "surge": 0}, "surge"),
        ({"kind": "rolling", "surge": -1}, "surge"),
        ({"kind": "rolling", "unavailable": "half"}, "unavailable"),
        ({"kind": "recreate", "surge": 2}, "surge"),
        ({"kind": "rolling", "pause": 2}, "pause"),
    ],
)
def test_what_cannot_be_is_told_by_field(strategy: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_service(slug=None, settings={"strategy": strategy}, overrides=None, environments=frozenset())
    assert list(refused.value.errors) == [f"settings.strategy.{field}"]


def test_a_new_host_that_fails_leaves_what_runs_elsewhere_alone(harbour: Harbour) -> None:
    harbour.deployed()
    other = harbour.host("another", harbour.cast.dev)
    build = harbour.built()
    harbour.built(host=other, same_as=build)
    wish = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=build
    )
    told = job(harbour, wish)
    assert told.host.name == "another"
    harbour.fail(told)
    assert state_of(wish) == "rolled_back" and {row.host.name for row in harbour.replicas()} == {"local"}
