"""Doorbells: what they carry, and that a lost one rings again."""

import json
import time
from datetime import timedelta

import pytest
import redis
from celery import Celery

from runtime.contract import CONTRACT_VERSION, names
from tests.jobs.conftest import Gangway
from tests.jobs.given import START, converge_order, later
from webapp.celery import app as control_plane
from webapp.celery import broker_url
from webapp.hosts.models import Host
from webapp.jobs import dispatch
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.jobs.services import doorbells

send = dispatch._send


def sender(url: str) -> Celery:
    """A sender like the control plane's, to this broker."""
    app = Celery("test", broker=broker_url(url), set_as_current=False)
    app.conf.update(broker_transport_options=control_plane.conf.broker_transport_options, task_serializer="json")
    return app


@pytest.fixture
def broker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    """The real broker, empty."""
    monkeypatch.setattr(dispatch, "app", sender(redis_url))
    return redis.Redis.from_url(redis_url)


def test_a_new_job_rings_once_when_it_is_committed(gangway: Gangway) -> None:
    job = gangway.job()
    assert gangway.rung == [job.id]


def test_the_message_carries_the_jobs_id_and_the_contract_version_only(gangway: Gangway, broker: redis.Redis) -> None:
    job = gangway.job(secrets={"TOKEN": "0" * 26})
    send(job_id=job.id, queue_name=names.host_queue("local"))
    kept = broker.lrange(names.host_queue("local"), 0, -1)
    assert isinstance(kept, list)
    (message,) = [json.loads(text) for text in kept]
    assert message["headers"]["task"] == names.DOORBELL_TASK
    assert message["headers"]["argsrepr"] == repr([job.id, CONTRACT_VERSION])
    assert message["content-type"] == "application/json"


def test_redis_away_is_left_to_the_control_loop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dispatch, "app", sender("unix:///nowhere/redis.sock"))
    begun = time.monotonic()
    send(job_id="0" * 26, queue_name=names.host_queue("local"))
    assert time.monotonic() - begun < 1  # a person waits for this
    assert "was not rung" in caplog.text


@pytest.mark.thorough
def test_what_nobody_took_rings_again_and_the_pauses_grow(gangway: Gangway) -> None:
    gangway.job()
    gangway.rung.clear()
    Host.objects.update(last_heard_at=later(3600))
    rung_at = [second for second in range(120) if jobs.ring_outstanding(now=later(second))]
    assert rung_at == [4, 12, 28, 48, 68, 88, 108]


@pytest.mark.thorough
def test_after_a_flush_every_outstanding_order_rings_within_30_seconds(gangway: Gangway) -> None:
    made = {gangway.job().id for _ in range(5)}
    Host.objects.update(last_heard_at=later(3600))
    for second in range(300):
        jobs.ring_outstanding(now=later(second))
    gangway.rung.clear()
    for second in range(300, 330):
        jobs.ring_outstanding(now=later(second))
    assert set(gangway.rung) == made


@pytest.mark.thorough
def test_a_silent_hosts_queue_stays_short(gangway: Gangway) -> None:
    gangway.job()
    gangway.rung.clear()
    Host.objects.update(last_heard_at=START - timedelta(hours=1))
    for minute in range(6 * 60):
        jobs.ring_outstanding(now=later(60 * minute))
    assert len(gangway.rung) < 6 * 6 + 12


def test_only_as_many_builds_ring_as_find_a_slot_the_oldest_first(gangway: Gangway) -> None:
    waiting = [gangway.job(uses_build_slot=True) for _ in range(4)]
    gangway.rung.clear()
    assert jobs.ring_outstanding(now=later(5)) == 2
    assert gangway.rung == [waiting[0].id, waiting[1].id]
    gangway.claimed(waiting[0])
    gangway.claimed(waiting[1])
    gangway.rung.clear()
    assert jobs.ring_outstanding(now=later(50)) == 0


def test_two_loops_ring_once(gangway: Gangway) -> None:
    job = gangway.job()
    gangway.rung.clear()
    stale = Job.objects.select_related("host").get(id=job.id)
    assert doorbells._ring(stale, later(5))
    assert not doorbells._ring(stale, later(5))
    assert gangway.rung == [job.id]


@pytest.mark.parametrize("change", [{"drained": True}, {"credential_digest": ""}])
def test_a_host_that_takes_nothing_is_not_rung(gangway: Gangway, change: dict[str, object]) -> None:
    gangway.job()
    gangway.job(converge_order(replicas=1))
    gangway.rung.clear()
    Host.objects.filter(id=gangway.cast.host.id).update(**change)
    assert jobs.ring_outstanding(now=later(60)) == 0


def test_a_drained_host_is_rung_for_what_clears_it(gangway: Gangway) -> None:
    gangway.job(uses_build_slot=True)
    clearing = gangway.job(converge_order(replicas=0))
    gangway.rung.clear()
    Host.objects.filter(id=gangway.cast.host.id).update(drained=True)
    jobs.ring_outstanding(now=later(60))
    assert gangway.rung == [clearing.id]
    assert gangway.claimed(clearing)


def test_what_waits_for_a_dead_host_or_for_a_slot_holds_nobody_up(gangway: Gangway) -> None:
    dead = Host.objects.create(name="dead", credential_digest="1" * 64, last_heard_at=START - timedelta(days=1))
    full = Host.objects.create(name="full", credential_digest="2" * 64, build_slots=0)
    waiting = gangway.job(uses_build_slot=True)
    crowd = [
        Job(
            kind="build_image", project=waiting.project, host=host, log=waiting.log, order=waiting.order,
            uses_build_slot=host is full, rung_at=START, rings=30, created_at=START - timedelta(days=1),
        )
        for host in (dead, full) for _ in range(600)
    ]  # fmt: skip
    Job.objects.bulk_create(crowd)
    young = gangway.job(converge_order(replicas=1))
    gangway.rung.clear()
    assert jobs.ring_outstanding(now=later(5)) == 2
    assert set(gangway.rung) == {waiting.id, young.id}
