"""The control loop: every part its turn, none stops the others, one leads."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.cast import Cast
from tests.waiting import until
from webapp.control import lock
from webapp.control.duties import LOOPS
from webapp.control.leading import Control, Lead
from webapp.control.loop import Loop, Part
from webapp.control.models import PartRun
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.images.services import define_image, request_build
from webapp.jobs.models import Job
from webapp.logs import tail
from webapp.logs.models import Log
from webapp.logs.services import open_log

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("webapp.control.urls"), pytest.mark.thorough]
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)  # long past, also for the loop's own clock


def queued_build(cast: Cast) -> Build:
    image = define_image(
        actor=cast.actor("developer"),
        project=cast.project,
        slug="front",
        source={"kind": "dockerfile", "dockerfile": "FROM scratch\n", "files": {}},
        build={},
    )
    return request_build(actor=cast.actor("developer"), image=image)


def turn() -> None:
    """Every part once."""
    for name, parts in LOOPS.items():
        Loop(name=name, parts=parts, leads=lambda: True).turn()


def test_a_part_that_fails_does_not_stop_the_others() -> None:
    done: list[str] = []

    def fail(moment: datetime) -> int:
        raise RuntimeError("on purpose")

    def work(moment: datetime) -> int:
        done.append("work")
        return 1

    loop = Loop(name="pulse", parts=[Part("bad", fail, every=0), Part("good", work, every=0)], leads=lambda: True)
    loop.turn()
    loop.turn()
    assert done == ["work", "work"]


def test_one_leads_and_the_other_takes_over_when_it_is_silent() -> None:
    assert lock.take(holder="one", now=START)
    assert not lock.take(holder="two", now=START)
    assert lock.take(holder="one", now=START + timedelta(seconds=3))
    assert not lock.take(holder="two", now=START + timedelta(seconds=7))
    assert lock.take(holder="two", now=START + timedelta(seconds=9))
    assert not lock.take(holder="one", now=START + timedelta(seconds=9))


def test_a_loop_that_stops_lets_the_next_one_begin_at_once() -> None:
    assert lock.take(holder="one", now=START)
    lock.release(holder="two")
    assert not lock.take(holder="two", now=START)
    lock.release(holder="one")
    assert lock.take(holder="two", now=START)


def test_who_does_not_lead_does_nothing() -> None:
    done: list[datetime] = []
    lock.take(holder="other", now=datetime.now(UTC))

    def work(moment: datetime) -> int:
        done.append(moment)
        return 1

    Loop(name="pulse", parts=[Part("work", work, every=0)], leads=Lead("me").keep).turn()
    assert done == []


def test_a_turn_archives_what_is_due(cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "ARCHIVE_DELAY_MS", -1)
    log = open_log(project=cast.project, kind="build")
    tail.append(log_id=log.id, first=1, lines=[(1, "o", "x")])
    turn()
    assert Log.objects.get(id=log.id).archived_to == 1


def test_a_turn_takes_a_lost_build_up_again_and_its_page_knows(cast: Cast, redis_url: str, rung: list[str]) -> None:
    build = queued_build(cast)
    Job.objects.filter(id=build.job_id).update(state="running", attempt=1, lease_expires_at=START)
    Build.objects.filter(id=build.id).update(state="building")
    rung.clear()
    turn()
    assert Job.objects.get(id=build.job_id).state == "queued"
    assert Build.objects.get(id=build.id).state == "queued"
    assert rung == [build.job_id]


def test_a_build_without_attempts_left_fails_in_a_clear_state(cast: Cast, redis_url: str, rung: list[str]) -> None:
    build = queued_build(cast)
    Job.objects.filter(id=build.job_id).update(state="running", attempt=3, lease_expires_at=START)
    Build.objects.filter(id=build.id).update(state="building")
    turn()
    build.refresh_from_db()
    assert build.problem is not None
    assert (build.state, build.problem["code"]) == ("failed", "host.lost")


def test_a_turn_rings_what_was_not_heard(cast: Cast, redis_url: str, rung: list[str]) -> None:
    build = queued_build(cast)
    rung.clear()
    Job.objects.filter(id=build.job_id).update(rung_at=START)
    turn()
    assert rung == [build.job_id]


def test_a_host_that_fell_silent_is_not_connected_any_more(cast: Cast, redis_url: str) -> None:
    Host.objects.update(last_heard_at=START, connected=True)
    turn()
    host = Host.objects.get(id=cast.host.id)
    assert (host.connected, host.state) == (False, "unknown")


def test_with_redis_away_the_other_parts_go_on(cast: Cast, redis_url: str, rung: list[str], settings: Settings) -> None:
    build = queued_build(cast)
    Job.objects.filter(id=build.job_id).update(state="running", attempt=1, lease_expires_at=START)
    Host.objects.update(last_heard_at=START, connected=True)
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    turn()
    assert Job.objects.get(id=build.job_id).state == "queued"
    assert not Host.objects.get(id=cast.host.id).connected


def test_every_duty_has_its_part_and_no_lease_waits_for_a_chore() -> None:
    assert {name: [part.name for part in parts] for name, parts in LOOPS.items()} == {
        "pulse": ["leases", "doorbells", "silent hosts", "unheard replicas", "doorbell users"],
        "archive": ["archive"],
        "chores": [
            "silent hosts of deployments",
            "next in line",
            "reconcile",
            "approvals",
            "certificates",
            "moves",
            "refusals",
            "retention",
            "images to forget",
            "own registry",
            "uploads",
            "deliveries",
            "proofs",
            "old notices",
        ],
        "archives": ["exports", "old exports", "backups", "old backups"],
        "own registry": ["manifests to erase", "collection"],
        "notices": ["notices"],
    }


def test_a_part_is_taken_up_as_often_as_it_asks() -> None:
    done: list[str] = []

    def noting(name: str) -> Callable[[datetime], int]:
        def note(moment: datetime) -> int:
            done.append(name)
            return 1

        return note

    loop = Loop(
        name="pulse",
        parts=[Part("often", noting("often"), every=0.0), Part("rarely", noting("rarely"), every=3600.0)],
        leads=lambda: True,
    )
    for _ in range(3):
        loop.turn()
    assert (done.count("often"), done.count("rarely")) == (3, 1)


def test_a_slow_chore_holds_up_no_pulse_and_both_end_when_told() -> None:
    beats, held, freed = [], threading.Event(), threading.Event()

    def beat(moment: datetime) -> int:
        beats.append(moment)
        return 0

    def hold(moment: datetime) -> int:
        held.set()
        freed.wait(10)
        return 1

    control = Control(
        holder="me", loops={"pulse": [Part("beat", beat, every=0.01)], "chores": [Part("hold", hold, every=0.01)]}
    )
    running = threading.Thread(target=control.run)
    running.start()
    assert held.wait(5)
    until(lambda: len(beats) > 3)
    control.stopping.set()
    freed.set()
    running.join(5)
    assert not running.is_alive()
    assert lock.take(holder="other", now=datetime.now(UTC))
    assert PartRun.objects.get(part="hold").done >= 1
    assert PartRun.objects.get(part="beat").loop == "pulse"


def test_the_other_loops_work_only_while_the_pulse_holds_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    lead = Lead("me")
    assert not lead.held()
    assert lead.keep() and lead.held()
    monkeypatch.setattr(lock, "LOCK_SECONDS", 0.0)
    assert lead.keep() and not lead.held()
    lock.take(holder="other", now=datetime.now(UTC) + timedelta(seconds=1))
    assert not lead.keep()


def test_how_the_parts_fare_adds_up() -> None:
    def fail(moment: datetime) -> int:
        raise RuntimeError("on purpose")

    for _ in range(2):
        loop = Loop(
            name="chores", parts=[Part("bad", fail, every=0), Part("good", lambda _: 3, every=0)], leads=lambda: True
        )
        loop.turn()
        loop.turn()
        loop._tell()
    text = Client().get("/metrics").content.decode()
    assert 'slipway_control_failures_total{loop="chores",part="bad"} 4.0' in text
    assert 'slipway_control_done_total{loop="chores",part="good"} 12.0' in text
    assert 'slipway_control_runs_total{loop="chores",part="good"} 4.0' in text
