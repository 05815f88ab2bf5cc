"""A deployment does not wait for ever for a host that is not heard: after a while it turns back without it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from runtime.contract.reports import Problem
from webapp.deployments.models import UNDER_WAY
from webapp.deployments.rollout import follow
from webapp.jobs import services as jobs
from webapp.jobs.models import Job

PATIENCE_SECONDS = 300.0  # a restart of the machine is waited for
JOBS_PER_PASS = 50


def run_once(now: datetime) -> int:
    """End the jobs that deployments wait with for hosts silent for so long, or revoked; how many. For the control loop.

    What the host runs stays as it was told last; when it is heard again the reconciler tells it what is wanted.
    """
    silent = Q(host__last_heard_at__lt=now - timedelta(seconds=PATIENCE_SECONDS)) | Q(host__credential_digest="")
    waiting = Job.objects.filter(silent, state="queued", deployment_job__deployment__state__in=UNDER_WAY)
    return sum(_give_up(job, now) for job in waiting.select_related("host").order_by("created_at")[:JOBS_PER_PASS])


def _give_up(job: Job, now: datetime) -> bool:
    problem = Problem(
        code="host.silent",
        whose="host",
        message=f"Host {job.host.name} was not heard for {PATIENCE_SECONDS / 60:g} minutes, and nothing waits longer.",
        advice="Look at the host, or take it out of the environment; then ask again.",
        retry_helps=True,
    )
    with transaction.atomic():
        ended = jobs.fail_unstarted(job_id=job.id, problem=problem, now=now)
        if ended is None:
            return False
        follow.job_changed(ended)
    return True
