"""The steps of a job's attempt, as far as the host's word on them is lawful."""

from collections.abc import Iterable
from datetime import UTC, datetime

from runtime.contract import states
from runtime.contract.reports import Step
from webapp.jobs.models import Job, JobStep

MAX_STEPS = 500  # of one attempt; what lies beyond is not shown
NAME_LENGTH = 500
DETAIL_LENGTH = 1000
LATEST_NS = 4_102_444_800 * 10**9  # the year 2100: no clock is that wrong, and beyond 9999 Python has no date
CHANGING = ("state", "finished_at", "cached", "first_line", "last_line", "detail", "name")


def note(job: Job, steps: Iterable[Step]) -> None:
    """Keep these steps of the job's attempt; a step that has ended stays as it ended."""
    newest = {step.number: step for step in steps if 0 <= step.number < MAX_STEPS}
    if not newest:
        return
    known = JobStep.objects.filter(job=job, attempt=job.attempt, number__in=newest)
    state_of = dict(known.values_list("number", "state"))
    lawful = [step for step in newest.values() if _may_be_noted(state_of.get(step.number), step.state)]
    JobStep.objects.bulk_create(
        [_row(job, step) for step in lawful],
        update_conflicts=True,
        unique_fields=("job", "attempt", "number"),
        update_fields=CHANGING,
    )


def break_off(job: Job, *, now: datetime) -> None:
    """The attempt is over: what still ran in it failed."""
    JobStep.objects.filter(job=job, attempt=job.attempt, state="running").update(state="failed", finished_at=now)


def _may_be_noted(known: str | None, told: str) -> bool:
    return known is None or known == told == "running" or states.may_become(states.STEP, known, told)


def _row(job: Job, step: Step) -> JobStep:
    return JobStep(
        job=job,
        attempt=job.attempt,
        number=step.number,
        name=step.name[:NAME_LENGTH],
        state=step.state,
        started_at=_moment(step.started_ns),
        finished_at=_moment(step.finished_ns) if step.finished_ns is not None else None,
        cached=step.cached,
        first_line=_line(step.first_line),
        last_line=_line(step.last_line),
        detail=step.detail[:DETAIL_LENGTH],
    )


def _moment(ns: int) -> datetime:
    return datetime.fromtimestamp(min(max(ns, 0), LATEST_NS) / 1e9, UTC)


def _line(number: int | None) -> int | None:
    return number if number is not None and 0 < number < 2**53 else None
