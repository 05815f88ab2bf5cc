"""What the host that holds a job says about it: I live, this far, done."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from runtime.contract import states
from runtime.contract.message import whole
from runtime.contract.reports import Finish, HeartbeatAnswer, Progress
from webapp.jobs import steps
from webapp.jobs.models import Job
from webapp.jobs.services.doorbells import ring_next
from webapp.jobs.services.leases import LEASE_SECONDS
from webapp.jobs.transitions import LIVE, move
from webapp.logs import archive, tail
from webapp.logs.models import Log
from webapp.problems import Conflicting


class LinesMissing(Conflicting):
    """409 to a finish: its log is held up to `last` only."""

    def __init__(self, last: int) -> None:
        super().__init__(
            code="job.lines_missing", detail=f"The log is held up to line {last}; send the rest, then finish."
        )
        self.last = last


def require_live(job: Job) -> None:
    """Raise `Conflicting` unless somebody holds the job's lease."""
    if job.state not in LIVE:
        raise _not_live(job)


def _not_live(job: Job) -> Conflicting:
    """`job.ended` where it came to its end: what its host said a moment before the last word may arrive after it."""
    code = "job.ended" if states.is_terminal(states.JOB, job.state) else "job.not_live"
    return Conflicting(code=code, detail=f"This job is {job.state}. Stop working on it.")


def heartbeat(*, job: Job, now: datetime) -> HeartbeatAnswer:
    """Renew the lease; the answer carries a wish to cancel and how far the log is archived. Needs no Redis."""
    same = Job.objects.filter(id=job.id, attempt=job.attempt, state__in=LIVE)
    if not same.update(lease_expires_at=now + timedelta(seconds=LEASE_SECONDS)):
        raise _not_live(Job.objects.get(id=job.id))
    wished, archived = Job.objects.values_list("cancel_requested_at", "log__archived_to").get(id=job.id)
    return HeartbeatAnswer(cancel=wished is not None, lease=LEASE_SECONDS, archived=archived)


def progress(*, job: Job, progress: Progress, now: datetime) -> None:
    """Note that the job runs, and its steps. Late and repeated reports move nothing backward."""
    with transaction.atomic():
        held = Job.objects.select_for_update().filter(id=job.id, attempt=job.attempt, state__in=LIVE).first()
        if held is None:
            raise _not_live(Job.objects.get(id=job.id))
        job.state = held.state
        if progress.state == "running" and job.state == "claimed":
            move(job, "running", fields={})
        steps.note(job, progress.steps)


def keep_lines(*, job: Job, last_line: int) -> None:
    """Archive the log of a job that is about to finish; to be called before, and outside of its transaction.

    Raises `LinesMissing` unless it is held up to `last_line`; `Unavailable` when Redis cannot say.
    """
    if job.state not in LIVE:
        return
    held = tail.state(log_id=job.log_id).last
    if held < last_line:
        raise LinesMissing(held)
    archive.archive_log(job.log_id)


def finish(*, job: Job, finish: Finish, now: datetime) -> bool:
    """The last word on an attempt; False when it had been said before (the answer was lost), else True.

    Raises `LinesMissing` unless the log is archived up to its last line (see `keep_lines`); `Conflicting` when the job
    ended otherwise.
    """
    if states.is_terminal(states.JOB, job.state) and job.state == finish.state:
        return False
    require_live(job)
    if Log.objects.values_list("archived_to", flat=True).get(id=job.log_id) < finish.last_line:
        raise LinesMissing(tail.state(log_id=job.log_id).last)
    with transaction.atomic():
        if not move(job, finish.state, fields=_ending(finish, now)):
            raise _not_live(Job.objects.get(id=job.id))
        steps.note(job, finish.steps)
        steps.break_off(job, now=now)
        if job.uses_build_slot:
            ring_next(host=job.host, now=now)
    return True


def _ending(finish: Finish, now: datetime) -> dict[str, Any]:
    problem = whole(finish.problem) if finish.problem is not None else None
    return {"finished_at": now, "lease_expires_at": None, "problem": problem}
