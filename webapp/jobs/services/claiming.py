"""A host takes a job, and shows later that it is the one who did."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.db import transaction

from runtime.contract.orders import Order
from runtime.contract.reports import Claim
from webapp.hosts.instance import instance_name
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.jobs.services.capacity import takes
from webapp.jobs.services.leases import HEARTBEAT_SECONDS, LEASE_SECONDS
from webapp.jobs.transitions import move
from webapp.logs import tail
from webapp.problems import Conflicting, Missing
from webapp.sealing import digest

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Claimed:
    """A job taken by its host, and what the host is told; the claim's secrets are still to be revealed."""

    job: Job
    claim: Claim


def claim(*, host: Host, job_id: str, now: datetime) -> Claimed | None:
    """Take a queued job for this host, or None: not queued (any more), no build slot free, host drained or revoked.

    Of many claims at once exactly one gets the job, and a token that is good for this attempt alone. Raises `Missing`
    when no such job was given to this host, `Unavailable` when Redis cannot say where the job's log stands.
    """
    with transaction.atomic():
        # The host's row is the lock of its slots where the database locks rows; SQLite has one writer anyway.
        host = Host.objects.select_for_update().get(id=host.id)
        job = Job.objects.select_related("project", "log", "host").filter(id=job_id, host=host).first()
        if job is None:
            raise Missing(code="job.missing", detail="This host was given no such job.")
        if job.state != "queued" or not takes(host, job):
            return None
        token = secrets.token_urlsafe(TOKEN_BYTES)
        fields = {
            "attempt": job.attempt + 1,
            "token_digest": digest(token),
            "claimed_at": now,
            "lease_expires_at": now + timedelta(seconds=LEASE_SECONDS),
        }
        if not move(job, "claimed", fields=fields):
            return None
        return Claimed(job=job, claim=_told(job, token))


def open_job(*, host: Host, job_id: str, token: str) -> Job:
    """The job that this host holds by this token. Raises `Conflicting`: another's, none, or an older attempt's.

    All refusals are alike, so that a host learns nothing of what is not its own. The order, which may be large, is not
    read with the job: every heartbeat and every batch of lines comes by here.
    """
    jobs = Job.objects.select_related("project", "log", "host").defer("order")
    job = jobs.filter(id=job_id, host=host).first()
    kept = job.token_digest if job is not None else ""
    if job is None or not kept or not hmac.compare_digest(kept, digest(token)):
        raise Conflicting(
            code="job.not_yours", detail="This host does not hold this job (any more). Stop working on it."
        )
    return job


def _told(job: Job, token: str) -> Claim:
    return Claim(
        job=job.id,
        attempt=job.attempt,
        token=token,
        lease=LEASE_SECONDS,
        heartbeat=HEARTBEAT_SECONDS,
        instance=instance_name(),
        order=_order(job),
        log=tail.position(log_id=job.log_id),
    )


def _order(job: Job) -> Order:
    order: Order = msgspec.convert(job.order, type=Order)
    return order
