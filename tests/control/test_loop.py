"""The control loop: every part its turn, none stops the others, one leads."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from tests.cast import Cast
from webapp.control import lock
from webapp.control.loop import PARTS, Loop, Part
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.images.services import define_image, request_build
from webapp.jobs.models import Job
from webapp.logs import tail
from webapp.logs.models import Log
from webapp.logs.services import open_log

pytestmark = pytest.mark.django_db(transaction=True)
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


def test_a_part_that_fails_does_not_stop_the_others() -> None:
    done: list[str] = []

    def fail(moment: datetime) -> int:
        raise RuntimeError("on purpose")

    def work(moment: datetime) -> int:
        done.append("work")
        return 1

    loop = Loop(holder="me", parts=[Part("bad", fail), Part("good", work)])
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

    Loop(holder="me", parts=[Part("work", work)]).turn()
    assert done == []


def test_a_turn_archives_what_is_due(cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "ARCHIVE_DELAY_MS", -1)
    log = open_log(project=cast.project, kind="build")
    tail.append(log_id=log.id, first=1, lines=[(1, "o", "x")])
    Loop(holder="me").turn()
    assert Log.objects.get(id=log.id).archived_to == 1


def test_a_turn_takes_a_lost_build_up_again_and_its_page_knows(cast: Cast, redis_url: str, rung: list[str]) -> None:
    build = queued_build(cast)
    Job.objects.filter(id=build.job_id).update(state="running", attempt=1, lease_expires_at=START)
    Build.objects.filter(id=build.id).update(state="building")
    rung.clear()
    Loop(holder="me").turn()
    assert Job.objects.get(id=build.job_id).state == "queued"
    assert Build.objects.get(id=build.id).state == "queued"
    assert rung == [build.job_id]


def test_a_build_without_attempts_left_fails_in_a_clear_state(cast: Cast, redis_url: str, rung: list[str]) -> None:
    build = queued_build(cast)
    Job.objects.filter(id=build.job_id).update(state="running", attempt=3, lease_expires_at=START)
    Build.objects.filter(id=build.id).update(state="building")
    Loop(holder="me").turn()
    build.refresh_from_db()
    assert build.problem is not None
    assert (build.state, build.problem["code"]) == ("failed", "host.lost")


def test_a_turn_rings_what_was_not_heard(cast: Cast, redis_url: str, rung: list[str]) -> None:
    build = queued_build(cast)
    rung.clear()
    Job.objects.filter(id=build.job_id).update(rung_at=START)
    Loop(holder="me").turn()
    assert rung == [build.job_id]


def test_a_host_that_fell_silent_is_not_connected_any_more(cast: Cast, redis_url: str) -> None:
    Host.objects.update(last_heard_at=START, connected=True)
    Loop(holder="me").turn()
    host = Host.objects.get(id=cast.host.id)
    assert (host.connected, host.state) == (False, "unknown")


def test_with_redis_away_the_other_parts_go_on(cast: Cast, redis_url: str, rung: list[str], settings: Settings) -> None:
    build = queued_build(cast)
    Job.objects.filter(id=build.job_id).update(state="running", attempt=1, lease_expires_at=START)
    Host.objects.update(last_heard_at=START, connected=True)
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    Loop(holder="me").turn()
    assert Job.objects.get(id=build.job_id).state == "queued"
    assert not Host.objects.get(id=cast.host.id).connected


def test_every_duty_has_its_part() -> None:
    assert [part.name for part in PARTS] == ["leases", "doorbells", "archive", "silent hosts", "reconcile", "refusals"]
