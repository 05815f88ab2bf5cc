"""Ring again what was not heard: the database can ring every outstanding doorbell, whatever the broker forgot."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from webapp.hosts.models import Host
from webapp.jobs import dispatch
from webapp.jobs.models import Job
from webapp.jobs.transitions import LIVE

FIRST_AGAIN_SECONDS = 4.0
LONGEST_SECONDS = 20.0  # between two rings of one job, while its host is heard
SILENT_AFTER_SECONDS = 60.0
SILENT_SECONDS = 600.0  # between two rings of one job, while its host is silent: a dead host's queue stays short
JOBS_PER_PASS = 500
RINGS_PER_PASS = 100


def ring_outstanding(*, now: datetime) -> int:
    """Ring queued jobs that nobody took, oldest first, of builds only as many as slots are free. How many were rung."""
    queued = Job.objects.filter(state="queued", host__drained=False).exclude(host__credential_digest="")
    waiting = queued.filter(Q(rung_at__isnull=True) | Q(rung_at__lte=now - timedelta(seconds=FIRST_AGAIN_SECONDS)))
    jobs = waiting.select_related("host").order_by("created_at", "id")[:JOBS_PER_PASS]
    rung = 0
    for job in _first_in_line(jobs):
        if rung >= RINGS_PER_PASS:
            break
        if _is_time(job, now) and _ring(job, now):
            rung += 1
    return rung


def ring_next(*, host: Host, now: datetime) -> None:
    """A build slot was freed: ring the build that waits longest for it, if any."""
    queued = Job.objects.filter(host=host, state="queued", uses_build_slot=True)
    job = queued.select_related("host").order_by("created_at", "id").first()
    if job is not None and not host.drained:
        _ring(job, now)


def _first_in_line(jobs: Iterable[Job]) -> list[Job]:
    """Without the builds that would find no slot."""
    jobs = list(jobs)
    hosts = {job.host_id for job in jobs if job.uses_build_slot}
    live = Job.objects.filter(host__in=hosts, uses_build_slot=True, state__in=LIVE)
    busy = dict(live.order_by().values_list("host").annotate(Count("id")))
    first = []
    for job in jobs:
        if job.uses_build_slot:
            taken = busy.get(job.host_id, 0)
            if taken >= job.host.build_slots:
                continue
            busy[job.host_id] = taken + 1
        first.append(job)
    return first


def _is_time(job: Job, now: datetime) -> bool:
    if job.rung_at is None:
        return True
    heard = job.host.last_heard_at
    silent = heard is not None and heard < now - timedelta(seconds=SILENT_AFTER_SECONDS)
    longest = SILENT_SECONDS if silent else LONGEST_SECONDS
    pause = min(FIRST_AGAIN_SECONDS * 2 ** max(0, job.rings - 1), longest) if job.rings < 16 else longest
    return job.rung_at + timedelta(seconds=pause) <= now


def _ring(job: Job, now: datetime) -> bool:
    """By compare-and-set, so that two control loops ring once."""
    same = Job.objects.filter(id=job.id, state="queued", rung_at=job.rung_at)
    if not same.update(rung_at=now, rings=F("rings") + 1):
        return False
    dispatch.ring(job)
    return True
