"""Leases that ran out: the host did not answer for so long that the job is lost, and is taken up again or ends."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from runtime.contract.message import whole
from runtime.contract.reports import Problem
from webapp.jobs import dispatch, steps
from webapp.jobs.models import Job
from webapp.jobs.transitions import LIVE, move
from webapp.logs import services as logs
from webapp.problems import Unavailable

LEASE_SECONDS = 10.0  # a host silent for as long has lost the job
HEARTBEAT_SECONDS = 1.0
JOBS_PER_PASS = 200
SET_ASIDE_SECONDS = 60.0  # a lost job that cannot be settled is tried again after this, and makes way for others

OnChange = Callable[[Job], None]

logger = logging.getLogger(__name__)


def expire_leases(*, now: datetime, on_change: OnChange) -> list[Job]:
    """Take lost jobs from their hosts: queued again while attempts remain, else failed; a cancelled one is cancelled.

    Each change is a transaction of its own, in which `on_change` is told (once as lost, once as what followed). A pass
    that dies half-way is finished by the next, and one job's failure stops no other. The jobs come as they are now.
    Raises `Unavailable`.
    """
    waiting = Job.objects.select_related("host", "project", "log").defer("order")
    _each(waiting.filter(state__in=LIVE, lease_expires_at__lt=now)[:JOBS_PER_PASS], _lose, now, on_change)
    due = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=now)
    return _each(waiting.filter(due, state="lost")[:JOBS_PER_PASS], _settle, now, on_change)


def _each(
    jobs: Iterable[Job], act: Callable[[Job, datetime, OnChange], bool], now: datetime, told: OnChange
) -> list[Job]:
    """The jobs for which it was done."""
    done = []
    for job in jobs:
        try:
            if act(job, now, told):
                done.append(job)
        except Unavailable:
            raise
        except Exception:
            logger.exception("job %s is lost, and could not be settled", job.id)
            later = now + timedelta(seconds=SET_ASIDE_SECONDS)
            Job.objects.filter(id=job.id, state="lost").update(lease_expires_at=later)
    return done


def _lose(job: Job, now: datetime, on_change: OnChange) -> bool:
    with transaction.atomic():
        if not Job.objects.select_for_update().filter(id=job.id, lease_expires_at__lt=now).exists():
            return False  # a heartbeat came in between
        if not move(job, "lost", fields={"lease_expires_at": None, "token_digest": ""}):
            return False
        steps.break_off(job, now=now)
        on_change(job)
    return True


def _settle(job: Job, now: datetime, on_change: OnChange) -> bool:
    """What follows *lost*. The log line comes first: while the job is lost, nobody else writes to its log."""
    to, text, problem = _verdict(job)
    logs.write(job.log, text)
    again = {"lease_expires_at": None, "rung_at": now, "rings": 1}
    ended = {"lease_expires_at": None, "finished_at": now, "problem": whole(problem) if problem else None}
    with transaction.atomic():
        if not move(job, to, fields=again if to == "queued" else ended):
            return False
        on_change(job)
        if to == "queued":
            dispatch.ring(job)
    return True


def _verdict(job: Job) -> tuple[str, str, Problem | None]:
    lost = f"Host {job.host.name} has not answered for {LEASE_SECONDS:g} s: attempt {job.attempt} is lost."
    if job.cancel_requested_at is not None:
        return "cancelled", f"{lost} It was to be cancelled, so it ends here.", None
    if job.attempt < job.max_attempts:
        return "queued", f"{lost} It is queued again (attempt {job.attempt + 1} of {job.max_attempts}).", None
    problem = Problem(
        code="host.lost",
        whose="host",
        message=f"Host {job.host.name} stopped answering in each of {job.attempt} attempts.",
        advice="Look at the host's worker and engine, then try again.",
        retry_helps=True,
    )
    return "failed", f"{lost} No attempt is left.", problem
