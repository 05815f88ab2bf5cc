"""Heartbeats, progress, the last word: lawful, fenced by attempt, harmless to repeat."""

import pytest
from pytest_django.fixtures import Settings

from runtime.contract.reports import Problem, Progress
from tests.jobs.conftest import Gangway
from tests.jobs.given import START, finished, later, step
from webapp.jobs import services as jobs
from webapp.jobs import steps
from webapp.jobs.models import Job, JobStep
from webapp.logs import tail
from webapp.logs.models import Log
from webapp.problems import Conflicting


def write(job: Job, count: int) -> None:
    tail.append(log_id=job.log_id, first=1, lines=[(number, "o", f"line {number}") for number in range(1, count + 1)])


def test_a_heartbeat_renews_the_lease_and_carries_the_wish_to_cancel(gangway: Gangway, settings: Settings) -> None:
    job = gangway.claimed().job
    settings.REDIS_URL = "unix:///nowhere/redis.sock"  # it needs none
    assert not jobs.heartbeat(job=job, now=later(3)).cancel
    job.refresh_from_db()
    assert job.lease_expires_at == later(3 + jobs.LEASE_SECONDS)
    jobs.request_cancel(job=job, now=later(4))
    assert jobs.heartbeat(job=job, now=later(5)).cancel


def test_a_heartbeat_tells_how_far_the_log_is_archived(gangway: Gangway) -> None:
    job = gangway.claimed().job
    Log.objects.filter(id=job.log_id).update(archived_to=41)
    assert jobs.heartbeat(job=job, now=START).archived == 41


def test_an_older_attempt_is_told_to_stop(gangway: Gangway) -> None:
    old = gangway.claimed()
    jobs.expire_leases(now=later(11), on_change=lambda job: None)
    new = gangway.claimed(old.job)
    assert (new.claim.attempt, new.claim.token != old.claim.token) == (2, True)
    with pytest.raises(Conflicting):
        jobs.open_job(host=gangway.cast.host, job_id=old.job.id, token=old.claim.token)
    for said in (
        lambda: jobs.heartbeat(job=old.job, now=later(12)),
        lambda: jobs.finish(job=old.job, finish=finished(), now=later(12)),
        lambda: jobs.progress(job=old.job, progress=Progress(state="running"), now=later(12)),
    ):
        before = Job.objects.values().get(id=old.job.id)
        with pytest.raises(Conflicting):
            said()
        assert Job.objects.values().get(id=old.job.id) == before


def test_progress_starts_the_job_and_keeps_its_steps(gangway: Gangway) -> None:
    job = gangway.claimed().job
    jobs.progress(job=job, progress=Progress(state="running", steps=[step(1)]), now=START)
    jobs.progress(job=job, progress=Progress(steps=[step(1, "succeeded", detail="done"), step(2)]), now=START)
    assert Job.objects.get(id=job.id).state == "running"
    kept = list(JobStep.objects.filter(job=job).values_list("number", "state", "detail"))
    assert kept == [(1, "succeeded", "done"), (2, "running", "")]


def test_a_late_report_does_not_bring_a_step_back(gangway: Gangway) -> None:
    job = gangway.claimed().job
    jobs.progress(job=job, progress=Progress(steps=[step(1, "failed")]), now=START)
    jobs.progress(job=job, progress=Progress(steps=[step(1)]), now=START)
    jobs.progress(job=job, progress=Progress(steps=[step(1, "succeeded")]), now=START)
    assert JobStep.objects.get(job=job).state == "failed"


def test_steps_are_bounded(gangway: Gangway) -> None:
    job = gangway.claimed().job
    many = [step(number, detail="x" * 5000) for number in range(steps.MAX_STEPS * 2)]
    jobs.progress(job=job, progress=Progress(steps=many), now=START)
    assert JobStep.objects.filter(job=job).count() == steps.MAX_STEPS
    assert max(len(kept.detail) for kept in JobStep.objects.filter(job=job)) == steps.DETAIL_LENGTH


def test_the_last_word_waits_for_the_last_line(gangway: Gangway) -> None:
    job = gangway.claimed().job
    write(job, 3)
    for _ in range(2):
        with pytest.raises(jobs.LinesMissing) as missing:
            jobs.keep_lines(job=job, last_line=5)
        assert missing.value.last == 3
    write(job, 5)
    with pytest.raises(jobs.LinesMissing):  # held, but not archived: a lost Redis would lose them
        jobs.finish(job=job, finish=finished(last_line=5), now=later(2))
    jobs.keep_lines(job=job, last_line=5)
    assert jobs.finish(job=job, finish=finished(last_line=5), now=later(2))
    job.refresh_from_db()
    assert (job.state, job.finished_at, job.lease_expires_at) == ("succeeded", later(2), None)
    assert Log.objects.get(id=job.log_id).archived_to == 5


def test_the_last_word_said_again_changes_nothing(gangway: Gangway) -> None:
    claimed = gangway.claimed()
    assert jobs.finish(job=claimed.job, finish=finished(), now=later(2))
    again = jobs.open_job(host=gangway.cast.host, job_id=claimed.job.id, token=claimed.claim.token)
    assert not jobs.finish(job=again, finish=finished(), now=later(9))
    assert Job.objects.get(id=again.id).finished_at == later(2)
    with pytest.raises(Conflicting):
        jobs.finish(job=again, finish=finished("failed"), now=later(9))


def test_a_failure_keeps_its_problem_and_ends_its_steps(gangway: Gangway) -> None:
    job = gangway.claimed().job
    jobs.progress(job=job, progress=Progress(state="running", steps=[step(1)]), now=START)
    problem = Problem(code="build.failed", whose="user", message="It said no.", evidence=["no"])
    said = finished("failed")
    jobs.finish(job=job, finish=type(said)(state="failed", last_line=0, problem=problem), now=later(2))
    job.refresh_from_db()
    assert job.problem is not None
    assert job.problem["message"] == "It said no."
    assert JobStep.objects.get(job=job).state == "failed"


def test_after_the_end_nothing_is_believed(gangway: Gangway) -> None:
    claimed = gangway.claimed()
    jobs.finish(job=claimed.job, finish=finished(), now=later(1))
    job = jobs.open_job(host=gangway.cast.host, job_id=claimed.job.id, token=claimed.claim.token)
    with pytest.raises(Conflicting):
        jobs.heartbeat(job=job, now=later(2))
    with pytest.raises(Conflicting):
        jobs.progress(job=job, progress=Progress(steps=[step(1)]), now=later(2))
    assert not JobStep.objects.exists()
