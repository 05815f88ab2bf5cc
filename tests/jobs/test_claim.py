"""One host, one attempt, one token: who gets a job, and who does not."""

import threading

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from runtime.contract.orders import BuildImage
from tests.jobs.conftest import Gangway
from tests.jobs.given import START, build_order, converge_order, finished, later
from webapp.hosts.models import Host
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.logs import tail
from webapp.problems import Conflicting, Missing, Unavailable

pytestmark = pytest.mark.thorough

RACERS = 8


def claim(gangway: Gangway, job: Job) -> jobs.Claimed | None:
    return jobs.claim(host=gangway.cast.host, job_id=job.id, now=START)


def test_a_claim_tells_all_that_the_attempt_needs(gangway: Gangway) -> None:
    job = gangway.job()
    tail.append(log_id=job.log_id, first=1, lines=[(5, "s", "queued")])
    claimed = claim(gangway, job)
    assert claimed is not None
    told = claimed.claim
    assert isinstance(told.order, BuildImage)
    assert told.order == build_order()
    assert (told.job, told.attempt, told.lease, told.log.next) == (job.id, 1, jobs.LEASE_SECONDS, 2)
    assert told.instance
    job.refresh_from_db()
    assert (job.state, job.attempt, job.lease_expires_at) == ("claimed", 1, later(jobs.LEASE_SECONDS))
    assert told.token not in job.token_digest
    assert len(told.token) >= 43


def test_a_second_claim_gets_nothing(gangway: Gangway) -> None:
    job = gangway.job()
    assert claim(gangway, job) is not None
    assert claim(gangway, job) is None


def test_of_many_claims_at_once_exactly_one_wins(gangway: Gangway) -> None:
    job = gangway.job()
    barrier, results = threading.Barrier(RACERS), []

    def race() -> None:
        barrier.wait()
        try:
            results.append(claim(gangway, job))
        finally:
            connection.close()

    racers = [threading.Thread(target=race) for _ in range(RACERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(results) == RACERS
    assert len([result for result in results if result is not None]) == 1
    assert Job.objects.get(id=job.id).attempt == 1


def test_many_builds_at_once_take_no_more_than_the_slots(gangway: Gangway) -> None:
    waiting = [gangway.job(uses_build_slot=True) for _ in range(6)]
    barrier = threading.Barrier(len(waiting))

    def race(job: Job) -> None:
        barrier.wait()
        try:
            claim(gangway, job)
        finally:
            connection.close()

    racers = [threading.Thread(target=race, args=(job,)) for job in waiting]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert Job.objects.filter(state="claimed").count() == gangway.cast.host.build_slots == 2


def test_a_freed_slot_rings_the_build_that_waits_longest(gangway: Gangway) -> None:
    first, second, third, fourth = (gangway.job(uses_build_slot=True) for _ in range(4))
    running = gangway.claimed(first)
    gangway.claimed(second)
    assert claim(gangway, third) is None
    assert (jobs.queue_position(third), jobs.queue_position(fourth), jobs.queue_position(running.job)) == (1, 2, None)
    gangway.rung.clear()
    jobs.finish(job=running.job, finish=finished(), now=later(1))
    assert gangway.rung == [third.id]
    assert claim(gangway, third) is not None


@pytest.mark.parametrize(
    ("slots", "concurrency", "usable"), [(64, 6, 5), (2, 6, 2), (2, 1, 1), (0, 6, 0), (64, 0, 64), (3, 2, 1)]
)
def test_builds_leave_a_thread_of_the_worker_for_other_orders(slots: int, concurrency: int, usable: int) -> None:
    assert Host(build_slots=slots, concurrency=concurrency).usable_slots == usable


def test_no_more_builds_are_claimed_than_the_worker_has_threads_for(gangway: Gangway) -> None:
    Host.objects.update(build_slots=64, concurrency=2)
    first, second = (gangway.job(uses_build_slot=True) for _ in range(2))
    assert claim(gangway, first) is not None
    assert claim(gangway, second) is None
    assert claim(gangway, gangway.job(converge_order(replicas=1))) is not None


def test_what_is_no_build_needs_no_slot(gangway: Gangway) -> None:
    for _ in range(3):
        gangway.job(uses_build_slot=True)
    assert claim(gangway, gangway.job(converge_order(replicas=1))) is not None


def test_a_drained_host_takes_no_new_work_but_may_be_cleared(gangway: Gangway) -> None:
    Host.objects.update(drained=True)
    assert claim(gangway, gangway.job()) is None
    assert claim(gangway, gangway.job(converge_order(replicas=1))) is None
    assert claim(gangway, gangway.job(converge_order(replicas=0))) is not None


def test_a_revoked_host_gets_nothing(gangway: Gangway) -> None:
    job = gangway.job()
    Host.objects.update(credential_digest="")
    assert claim(gangway, job) is None


def test_another_hosts_job_is_not_there(gangway: Gangway) -> None:
    job = gangway.job()
    other = Host.objects.create(name="other", credential_digest="1" * 64)
    for job_id in (job.id, "0" * 26):
        with pytest.raises(Missing):
            jobs.claim(host=other, job_id=job_id, now=START)
    assert Job.objects.get(id=job.id).state == "queued"


def test_with_redis_away_the_job_stays_queued(gangway: Gangway, settings: Settings) -> None:
    job = gangway.job()
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    with pytest.raises(Unavailable):
        claim(gangway, job)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.token_digest) == ("queued", 0, "")


def test_a_project_that_was_deleted_takes_its_jobs_along(gangway: Gangway) -> None:
    job = gangway.job()
    Job.objects.filter(project=gangway.cast.project).delete()
    with pytest.raises(Missing):
        claim(gangway, job)


def test_the_token_opens_this_job_for_this_host_only(gangway: Gangway) -> None:
    claimed, another = gangway.claimed(), gangway.claimed()
    token, host = claimed.claim.token, gangway.cast.host
    assert jobs.open_job(host=host, job_id=claimed.job.id, token=token).id == claimed.job.id
    other = Host.objects.create(name="other", credential_digest="1" * 64)
    wrong: list[tuple[Host, str, str]] = [
        (host, another.job.id, token),
        (host, claimed.job.id, token + "x"),
        (host, claimed.job.id, ""),
        (other, claimed.job.id, token),
        (host, "0" * 26, token),
    ]
    for who, job_id, shown in wrong:
        with pytest.raises(Conflicting) as told:
            jobs.open_job(host=who, job_id=job_id, token=shown)
        assert told.value.code == "job.not_yours"


def test_the_order_is_not_read_with_every_heartbeat(gangway: Gangway) -> None:
    claimed = gangway.claimed()
    opened = jobs.open_job(host=gangway.cast.host, job_id=claimed.job.id, token=claimed.claim.token)
    assert opened.get_deferred_fields() == {"order"}


def test_a_queued_job_is_opened_by_no_token(gangway: Gangway) -> None:
    with pytest.raises(Conflicting):
        jobs.open_job(host=gangway.cast.host, job_id=gangway.job().id, token="")
