"""What hosts say of containers, in any order: the snapshot is the truth, hints only hurry."""

from datetime import datetime, timedelta

import pytest
from django.utils.timezone import now as clock
from msgspec import structs

from runtime.contract.link import ContainerFacts, Gone
from runtime.contract.reports import BoundPort
from tests.deployments.rig import Harbour, container, facts, snapshot
from webapp.deployments import services
from webapp.deployments.models import Replica
from webapp.deployments.rollout import observe

pytestmark = pytest.mark.thorough


@pytest.fixture
def running(harbour: Harbour) -> Harbour:
    harbour.deployed()
    return harbour


def later() -> datetime:
    """After the grace in which a snapshot may be older than the word of a job."""
    return clock() + timedelta(seconds=observe.FRESH_SECONDS + 1)


def see(harbour: Harbour, *containers: ContainerFacts, engine: bool = True) -> observe.Seen:
    return observe.snapshot(host=harbour.cast.host, snapshot=snapshot(*containers, engine=engine), now=later())


def test_an_exit_is_seen_with_its_code_and_reason(running: Harbour) -> None:
    first, second = running.replicas()
    dead = facts(
        first, "stopped", exit_code=137, oom_killed=True, restarts=2, message="killed", finished_ns=1764000000_000000000
    )
    seen = see(running, dead, facts(second))
    first.refresh_from_db()
    assert (first.state, first.exit_code, first.oom_killed, first.restarts) == ("stopped", 137, True, 2)
    assert first.container and first.finished_at is not None and seen.changed == 1


def test_a_container_that_runs_again_keeps_how_it_ended_and_how_often(running: Harbour) -> None:
    first, second = running.replicas()
    begun = 1764000000 * 10**9
    ended = begun + 60 * 10**9
    dead = facts(first, "stopped", exit_code=137, oom_killed=True, started_ns=begun, finished_ns=ended)
    see(running, dead, facts(second))
    again = facts(first, started_ns=ended + 10**9, finished_ns=ended)
    see(running, again, facts(second))
    first.refresh_from_db()
    assert (first.state, first.exit_code, first.oom_killed, first.restarts) == ("healthy", 137, True, 1)
    assert see(running, again, facts(second)).changed == 0
    see(running, facts(first, started_ns=ended + 2 * 10**9, finished_ns=ended, restarts=7), facts(second))
    first.refresh_from_db()
    assert first.restarts == 7, "the engine counts its own"


def test_another_container_begins_with_a_clean_slate(running: Harbour) -> None:
    first, second = running.replicas()
    see(running, facts(first, "stopped", exit_code=1, restarts=3, finished_ns=10**18), facts(second))
    see(running, structs.replace(facts(first), container="f" * 64), facts(second))
    first.refresh_from_db()
    assert (first.exit_code, first.oom_killed, first.restarts) == (None, False, 0)


def test_what_is_not_in_the_snapshot_is_gone(running: Harbour) -> None:
    first, second = running.replicas()
    see(running, facts(second))
    first.refresh_from_db()
    assert (first.state, first.container, first.message) == ("stopped", "", observe.GONE)


def test_the_same_snapshot_again_writes_nothing(running: Harbour) -> None:
    rows = running.replicas()
    assert see(running, *map(facts, rows)).changed == 0
    assert see(running, facts(rows[0])).changed == 1
    assert see(running, facts(rows[0])).changed == 0


def test_an_engine_that_does_not_answer_says_nothing_of_containers(running: Harbour) -> None:
    assert see(running, engine=False).changed == 0
    assert {row.state for row in running.replicas()} == {"healthy"}


def test_a_snapshot_taken_just_before_the_job_finished_does_not_undo_it(running: Harbour) -> None:
    observe.snapshot(host=running.cast.host, snapshot=snapshot(), now=clock())
    assert {row.state for row in running.replicas()} == {"healthy"}


def test_foreign_containers_are_counted_and_left_alone(running: Harbour) -> None:
    first, second = running.replicas()
    strangers = [
        structs.replace(facts(first, "unhealthy"), service="x" * 26),
        structs.replace(facts(first, "unhealthy"), environment="x" * 26),
        structs.replace(facts(first, "unhealthy"), log="x" * 26),
        structs.replace(facts(first, "unhealthy"), replica="x" * 26),
        structs.replace(facts(first, "unhealthy"), container="--privileged"),
    ]
    seen = see(running, facts(first), facts(second), *strangers)
    assert seen == observe.Seen(changed=0, ignored=5)


def test_another_host_cannot_speak_of_these_replicas(running: Harbour) -> None:
    other = running.host("other")
    first = running.replicas()[0]
    assert not observe.changed(host=other, facts=facts(first, "unhealthy"), now=later())
    assert not observe.gone(host=other, gone=Gone(container=first.container, replica=first.id), now=later())
    assert observe.snapshot(host=other, snapshot=snapshot(facts(first, "unhealthy")), now=later()).ignored == 1


def test_a_hint_changes_the_row_and_again_changes_nothing(running: Harbour) -> None:
    first = running.replicas()[0]
    port = BoundPort(container=8080, host=49153, address="127.0.0.1")
    assert observe.changed(host=running.cast.host, facts=facts(first, "unhealthy", ports=[port]), now=later())
    assert not observe.changed(host=running.cast.host, facts=facts(first, "unhealthy", ports=[port]), now=later())
    first.refresh_from_db()
    assert first.state == "unhealthy" and first.ports[0]["host"] == 49153


def test_the_end_of_an_older_container_does_not_end_the_younger_one(running: Harbour) -> None:
    first = running.replicas()[0]
    late = Gone(container=container(424242), replica=first.id)
    assert not observe.gone(host=running.cast.host, gone=late, now=later())
    assert observe.gone(host=running.cast.host, gone=Gone(container=first.container, replica=first.id), now=later())
    assert not observe.gone(host=running.cast.host, gone=late, now=later())


def test_an_unlawful_change_is_not_believed(running: Harbour) -> None:
    first = running.replicas()[0]
    Replica.objects.filter(id=first.id).update(state="stopping")
    assert not observe.changed(host=running.cast.host, facts=facts(first, "unhealthy", exit_code=1), now=later())
    first.refresh_from_db()
    assert first.state == "stopping" and first.exit_code is None


def test_of_two_containers_of_one_replica_the_living_counts(running: Harbour) -> None:
    first, second = running.replicas()
    old = facts(first, "stopped", container=container(77), started_ns=9)
    for order in ([old, facts(first, started_ns=5)], [facts(first, started_ns=5), old]):
        see(running, *order, facts(second))
        first.refresh_from_db()
        assert first.state == "healthy" and first.container != container(77)


def test_a_replica_that_waits_for_its_container_is_not_gone(harbour: Harbour) -> None:
    services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    see(harbour)
    assert {row.state for row in harbour.replicas()} == {"pending"}


def test_wild_numbers_are_kept_within_bounds(running: Harbour) -> None:
    first = running.replicas()[0]
    wild = facts(first, restarts=2**60, started_ns=2**63 - 1, message="x\0" * 5000)
    assert observe.changed(host=running.cast.host, facts=wild, now=later())
    first.refresh_from_db()
    assert first.restarts == 2**31 - 1 and "\0" not in first.message and len(first.message) <= 1000
