"""Make a job, ring it, take the wish back."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.utils import timezone

from runtime.contract.message import whole
from runtime.contract.orders import Order
from runtime.contract.reports import Problem
from webapp.hosts.models import Host
from webapp.jobs import dispatch
from webapp.jobs.models import Job
from webapp.jobs.transitions import LIVE, move
from webapp.logs.models import Log
from webapp.teams.models import Project

MAX_ATTEMPTS = 3
CANCEL_ATTEMPTS = 5  # a job may change state while we look


def create_job(
    *,
    order: Order,
    project: Project,
    host: Host,
    log: Log,
    secrets: Mapping[str, str] | None = None,
    uses_build_slot: bool = False,
) -> Job:
    """Give a host an order; its doorbell rings on commit. `secrets`: name in the claim -> id of a stored secret."""
    job = Job.objects.create(
        kind=str(order.__struct_config__.tag),
        project=project,
        host=host,
        log=log,
        order=msgspec.to_builtins(order),
        secrets=dict(secrets or {}),
        uses_build_slot=uses_build_slot,
        max_attempts=MAX_ATTEMPTS,
        rung_at=timezone.now(),
        rings=1,
    )
    dispatch.ring(job)
    return job


def request_cancel(*, job: Job, now: datetime) -> Job:
    """Cancel a job that waits, at once; ask the host of one that runs (the wish rides on its heartbeat).

    The answer is the job as it is now: cancelled, still live with the wish noted, or ended before. Twice is once.
    """
    for _ in range(CANCEL_ATTEMPTS):
        job = Job.objects.select_related("host", "project", "log").get(id=job.id)
        if job.state in ("queued", "lost"):
            if move(job, "cancelled", fields={"cancel_requested_at": now, "finished_at": now, "token_digest": ""}):
                break
        elif job.state in LIVE and job.cancel_requested_at is None:
            if Job.objects.filter(id=job.id, state=job.state, attempt=job.attempt).update(cancel_requested_at=now):
                job.cancel_requested_at = now
                break
        else:
            break
    return job


def fail_unstarted(*, job_id: str, problem: Problem, now: datetime) -> Job | None:
    """End a queued job that can never start; None when it is not queued any more."""
    job = Job.objects.select_related("host", "project", "log").filter(id=job_id, state="queued").first()
    if job is None or not move(job, "failed", fields={"problem": whole(problem), "finished_at": now}):
        return None
    return job
