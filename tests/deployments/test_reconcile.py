"""Mending: what is missing or too much, once per place, ever more rarely, and never across a deployment."""

from datetime import timedelta

import pytest
from django.utils.timezone import now as clock

from tests.deployments.rig import Harbour, facts, snapshot
from webapp.deployments import services
from webapp.deployments.models import Release, Repair, Replica
from webapp.deployments.rollout import observe, reconcile
from webapp.deployments.rollout.reconcile import DOWN_SECONDS
from webapp.deployments.rollout.repairing import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, pause_after
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.logs.models import Log

pytestmark = pytest.mark.thorough


@pytest.fixture
def running(harbour: Harbour) -> Harbour:
    harbour.deployed()
    return harbour


def lose_first(harbour: Harbour) -> Replica:
    first, *others = harbour.replicas()
    at = clock() + timedelta(seconds=5)
    observe.snapshot(host=harbour.cast.host, snapshot=snapshot(*map(facts, others)), now=at)
    return first


def kill_first(harbour: Harbour, *, ago: float) -> Replica:
    """Its container is there and does not run."""
    first, *others = harbour.replicas()
    at = clock() - timedelta(seconds=ago)
    down = facts(first, "stopped", exit_code=137)
    Replica.objects.filter(id=first.id).update(observed_at=None)
    observe.snapshot(host=harbour.cast.host, snapshot=snapshot(down, *map(facts, others)), now=at)
    return first


def repairs() -> list[Job]:
    return list(Job.objects.filter(kind="converge_service", deployment_job__isnull=True).order_by("created_at"))


def test_all_is_well_and_nothing_is_done(running: Harbour) -> None:
    assert reconcile.run_once(clock()) == 0 and repairs() == []


def test_a_wanted_replica_without_container_is_made_again(running: Harbour) -> None:
    first = lose_first(running)
    assert reconcile.run_once(clock()) == 1
    (job,) = repairs()
    assert job.order["deployment"] is None
    assert [row["replica"] for row in job.order["replicas"]] == [row.id for row in running.replicas()]
    running.succeed(job)
    first.refresh_from_db()
    assert first.state == "healthy" and first.container
    assert Log.objects.get(id=job.log_id).end_state == "succeeded"
    assert reconcile.run_once(clock()) == 0


def test_a_container_that_stays_down_is_started_again(running: Harbour) -> None:
    first = kill_first(running, ago=DOWN_SECONDS + 1)
    assert reconcile.run_once(clock()) == 1
    (job,) = repairs()
    assert first.id in [row["replica"] for row in job.order["replicas"]]


def test_the_engine_has_a_moment_to_restart_it_by_itself(running: Harbour) -> None:
    kill_first(running, ago=0)
    assert reconcile.run_once(clock()) == 0


def test_what_is_to_run_once_stays_down(running: Harbour) -> None:
    Release.objects.update(settings={**Release.objects.get().settings, "restart": {"policy": "no"}})
    kill_first(running, ago=DOWN_SECONDS + 1)
    assert reconcile.run_once(clock()) == 0


def test_one_job_at_a_time_and_then_ever_more_rarely(running: Harbour) -> None:
    lose_first(running)
    moment = clock()
    assert [reconcile.run_once(moment), reconcile.run_once(moment)] == [1, 0]
    running.fail(repairs()[0])
    assert reconcile.run_once(moment + timedelta(seconds=1)) == 0
    moment += timedelta(seconds=FIRST_PAUSE_SECONDS + 1)
    assert reconcile.run_once(moment) == 1
    running.fail(repairs()[1])
    assert reconcile.run_once(moment + timedelta(seconds=FIRST_PAUSE_SECONDS + 1)) == 0
    assert Repair.objects.get().attempts == 2


def test_the_pauses_double_up_to_a_cap() -> None:
    pauses = [pause_after(attempts).total_seconds() for attempts in range(1, 12)]
    assert pauses[:3] == [5, 10, 20] and pauses[-1] == LONGEST_PAUSE_SECONDS
    assert pauses == sorted(pauses) and pause_after(10**6).total_seconds() == LONGEST_PAUSE_SECONDS


def test_never_while_a_deployment_is_under_way(running: Harbour) -> None:
    lose_first(running)
    services.restart(actor=running.cast.actor("owner"), service=running.service, environment=running.cast.dev)
    assert reconcile.run_once(clock()) == 0


@pytest.mark.parametrize("change", [{"engine_answers": False}, {"drained": True}])
def test_never_for_a_host_that_cannot_do_it(running: Harbour, change: dict[str, bool]) -> None:
    lose_first(running)
    for name, value in change.items():
        setattr(running.cast.host, name, value)
    running.cast.host.save()
    assert reconcile.run_once(clock()) == 0


def test_what_waits_for_a_host_that_cannot_or_was_just_told_holds_nobody_up(
    running: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "ROWS_PER_PASS", 1)
    first = lose_first(running)
    dead = Host.objects.create(name="dead", credential_digest="1" * 64)
    Replica.objects.filter(id=first.id).update(host=dead, created_at=clock() - timedelta(days=1))
    second = running.replicas()[1]
    Replica.objects.filter(id=second.id).update(container="", state="lost")
    assert reconcile.run_once(clock()) == 1


def test_silence_is_seen_behind_many_that_are_heard(running: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "ROWS_PER_PASS", 1)
    silent = Host.objects.create(
        name="silent", credential_digest="1" * 64, last_heard_at=clock() - timedelta(minutes=1)
    )
    last = running.replicas()[-1]
    Replica.objects.filter(id=last.id).update(host=silent)
    assert reconcile.note_silence(clock()) == 1
    last.refresh_from_db()
    assert last.state == "lost"


def test_replicas_of_a_silent_host_are_lost_until_it_speaks(running: Harbour) -> None:
    running.cast.host.last_heard_at = clock() - timedelta(minutes=1)
    running.cast.host.save()
    assert reconcile.note_silence(clock()) == 2 and reconcile.run_once(clock()) == 0
    assert {row.state for row in running.replicas()} == {"lost"}
    rows = running.replicas()
    observe.snapshot(host=running.cast.host, snapshot=snapshot(*map(facts, rows)), now=clock())
    assert {row.state for row in running.replicas()} == {"healthy"}


def test_a_container_that_nobody_wants_is_taken_away(running: Harbour) -> None:
    first = running.replicas()[0]
    Replica.objects.filter(id=first.id).update(desired="gone")
    assert reconcile.run_once(clock()) == 1
    job = repairs()[0]
    assert first.id not in [row["replica"] for row in job.order["replicas"]]
    running.succeed(job)
    first.refresh_from_db()
    assert (first.state, first.container) == ("stopped", "")


def test_what_a_failed_first_deployment_left_is_taken_away(harbour: Harbour) -> None:
    asked = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    rows = harbour.replicas()
    job = harbour.next_job(asked)
    assert job is not None
    observe.snapshot(host=harbour.cast.host, snapshot=snapshot(*map(facts, rows)), now=clock())
    harbour.fail(job)
    assert reconcile.run_once(clock()) == 1
    assert repairs()[0].order["replicas"] == []


def test_a_replica_stopped_on_purpose_is_left_alone(running: Harbour) -> None:
    asked = services.stop(actor=running.cast.actor("owner"), service=running.service, environment=running.cast.dev)
    running.carry_out(asked)
    lose_first(running)
    assert reconcile.run_once(clock()) == 0


def test_a_container_that_exits_by_itself_is_the_engines_business(running: Harbour) -> None:
    first = running.replicas()[0]
    observe.changed(host=running.cast.host, facts=facts(first, "stopped", exit_code=1), now=clock())
    assert reconcile.run_once(clock()) == 0


def test_logs_of_replicas_that_are_gone_end_after_their_last_lines_had_time(running: Harbour) -> None:
    old = running.replicas()
    running.deployed()
    reconcile.run_once(clock())
    assert set(Log.objects.filter(replica__in=old).values_list("end_state", flat=True)) == {""}
    reconcile.run_once(clock() + timedelta(seconds=reconcile.LAST_LINES_SECONDS + 1))
    assert set(Log.objects.filter(replica__in=old).values_list("end_state", flat=True)) == {"stopped"}
    assert set(Log.objects.filter(replica__in=running.replicas()).values_list("end_state", flat=True)) == {""}
