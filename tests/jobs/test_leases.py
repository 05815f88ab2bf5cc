"""A silent host loses its job: it is taken up again, or ends in a clear state, and the log says so."""

import pytest

from runtime.contract.reports import Progress
from tests.jobs.conftest import Gangway
from tests.jobs.given import START, later, step
from webapp.jobs import services as jobs
from webapp.jobs.models import Job, JobStep
from webapp.logs import reader, tail


def expire(seconds: float, told: list[tuple[str, str]] | None = None) -> list[Job]:
    heard = told if told is not None else []
    return jobs.expire_leases(now=later(seconds), on_change=lambda job: heard.append((job.id, job.state)))


def words(job: Job) -> list[str]:
    return [row[3] for row in reader.read(log=job.log, after=0, limit=100).rows]


def test_a_kept_lease_is_left_alone(gangway: Gangway) -> None:
    job = gangway.claimed().job
    assert expire(9.9) == []
    jobs.heartbeat(job=job, now=later(9))
    assert expire(18.9) == []
    assert Job.objects.get(id=job.id).state == "claimed"


def test_a_lost_job_is_queued_again_and_rung(gangway: Gangway) -> None:
    job = gangway.claimed().job
    jobs.progress(job=job, progress=Progress(state="running", steps=[step(1)]), now=START)
    tail.append(log_id=job.log_id, first=1, lines=[(1, "o", "half a")])
    gangway.rung.clear()
    told: list[tuple[str, str]] = []
    (lost,) = expire(11, told)
    assert told == [(job.id, "lost"), (job.id, "queued")]
    assert (lost.state, lost.token_digest, lost.lease_expires_at) == ("queued", "", None)
    assert gangway.rung == [job.id]
    assert JobStep.objects.get(job=job).state == "failed"
    assert words(job)[0] == "half a"
    assert "queued again (attempt 2 of 3)" in words(job)[1]
    assert gangway.claimed(job).claim.log.next == 3


def test_attempts_are_bounded(gangway: Gangway) -> None:
    job = gangway.job()
    for attempt in (1, 2, 3):
        assert gangway.claimed(job).claim.attempt == attempt
        (lost,) = expire(11)
    assert lost.state == "failed"
    lost.refresh_from_db()
    assert lost.problem is not None
    assert (lost.problem["code"], lost.problem["whose"]) == ("host.lost", "host")
    assert lost.finished_at == later(11)
    assert "No attempt is left" in words(job)[-1]


def test_a_lost_job_that_was_to_be_cancelled_is_cancelled(gangway: Gangway) -> None:
    job = gangway.claimed().job
    jobs.request_cancel(job=job, now=later(1))
    told: list[tuple[str, str]] = []
    expire(11, told)
    assert told == [(job.id, "lost"), (job.id, "cancelled")]


def test_a_pass_that_died_half_way_is_finished_by_the_next(gangway: Gangway) -> None:
    job = gangway.claimed().job

    def die(job: Job) -> None:
        if job.state == "queued":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.expire_leases(now=later(11), on_change=die)
    assert Job.objects.get(id=job.id).state == "lost"
    assert [lost.id for lost in expire(12)] == [job.id]
    assert Job.objects.get(id=job.id).state == "queued"


def test_an_owner_that_refuses_leaves_the_job_as_it_was(gangway: Gangway) -> None:
    job = gangway.claimed().job

    def refuse(job: Job) -> None:
        raise RuntimeError("not now")

    assert jobs.expire_leases(now=later(11), on_change=refuse) == []
    assert Job.objects.get(id=job.id).state == "claimed"


def test_a_job_that_cannot_be_settled_stops_no_other(gangway: Gangway, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = gangway.claimed().job, gangway.claimed().job

    def refuse(job: Job) -> None:
        if job.id == bad.id and job.state != "lost":
            raise RuntimeError("on purpose")

    def settled(seconds: float) -> list[str]:
        return [job.id for job in jobs.expire_leases(now=later(seconds), on_change=refuse)]

    assert settled(11) == [good.id]
    assert f"job {bad.id} is lost, and could not be settled" in caplog.text
    assert settled(12) == settled(13) == []
    assert len(words(bad)) == 1
    assert [job.id for job in expire(80)] == [bad.id]
    again = Job.objects.get(id=bad.id)
    assert (again.state, again.lease_expires_at) == ("queued", None)


def test_two_loops_expire_a_job_once(gangway: Gangway) -> None:
    job = gangway.claimed().job
    assert len(expire(11)) == 1
    assert expire(11) == []
    assert len(words(job)) == 1


@pytest.mark.parametrize("state", ["queued", "claimed", "succeeded", "cancelled"])
def test_a_wish_to_cancel_is_heard_in_every_state(gangway: Gangway, state: str) -> None:
    job = gangway.job()
    if state != "queued":
        gangway.claimed(job)
    if state in ("succeeded", "cancelled"):
        Job.objects.filter(id=job.id).update(state=state)
    for _ in range(2):
        after = jobs.request_cancel(job=job, now=later(1))
    assert after.state == {"queued": "cancelled"}.get(state, state)
    assert (after.cancel_requested_at is not None) == (state in ("queued", "claimed"))
