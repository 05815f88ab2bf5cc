"""Ring again what was not heard: the database can ring every outstanding doorbell, whatever the broker forgot.

Whose turn it is is asked in the query itself: what waits for a dead host, or for a slot, takes nobody's place.
"""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from webapp.hosts.models import Host
from webapp.jobs import dispatch
from webapp.jobs.models import Job
from webapp.jobs.services.capacity import CLEARING, IN_TURN, free_slots

FIRST_AGAIN_SECONDS = 4.0
LONGEST_SECONDS = 20.0  # between two rings of one job, while its host is heard
SILENT_AFTER_SECONDS = 60.0
SILENT_SECONDS = 600.0  # between two rings of one job, while its host is silent: a dead host's queue stays short
RINGS_PER_PASS = 100


def ring_outstanding(*, now: datetime) -> int:
    """Ring queued jobs that nobody took, oldest first, of builds only as many as slots are free. How many were rung."""
    due = _queued().filter(_is_due(now))
    others = due.filter(uses_build_slot=False).order_by("created_at", "id")[:RINGS_PER_PASS]
    jobs = sorted([*others, *_builds_in_turn(due)], key=lambda job: (job.created_at, job.id))
    return sum(_ring(job, now) for job in jobs[:RINGS_PER_PASS])


def ring_next(*, host: Host, now: datetime) -> None:
    """A build slot was freed: ring the build whose turn it is, if any."""
    job = _queued().filter(host=host, uses_build_slot=True).order_by(*IN_TURN).first()
    if job is not None:
        _ring(job, now)


def _queued() -> QuerySet[Job]:
    """What waits for a host that may take it."""
    taken = Job.objects.filter(Q(host__drained=False) | CLEARING, state="queued").exclude(host__credential_digest="")
    return taken.select_related("host").defer("order")


def _builds_in_turn(due: QuerySet[Job]) -> list[Job]:
    """Of each host's builds those that would find a slot, as far as they are due."""
    waiting = _queued().filter(uses_build_slot=True)
    hosts = Host.objects.in_bulk(list(waiting.order_by().values_list("host", flat=True).distinct()))
    first: list[str] = []
    for host_id, free in free_slots(list(hosts.values())).items():
        first += waiting.filter(host=host_id).order_by(*IN_TURN).values_list("id", flat=True)[:free]
    return list(due.filter(id__in=first))


def _is_due(now: datetime) -> Q:
    """Never rung, or so long ago that its pause is over; the pauses are longer for a host that is silent."""
    silent = Q(host__last_heard_at__lt=now - timedelta(seconds=SILENT_AFTER_SECONDS))
    return (silent & _paused(now, SILENT_SECONDS)) | (~silent & _paused(now, LONGEST_SECONDS))


def _paused(now: datetime, longest: float) -> Q:
    """The pause after the first ring is short, after every further one twice as long, up to `longest`."""
    over = Q(rung_at__isnull=True) | Q(rung_at__lte=now - timedelta(seconds=longest))
    rings, pause = 1, FIRST_AGAIN_SECONDS
    while pause < longest:
        over |= Q(rings__lte=rings, rung_at__lte=now - timedelta(seconds=pause))
        rings, pause = rings + 1, pause * 2
    return over


def _ring(job: Job, now: datetime) -> bool:
    """By compare-and-set, so that two control loops ring once."""
    same = Job.objects.filter(id=job.id, state="queued", rung_at=job.rung_at)
    if not same.update(rung_at=now, rings=F("rings") + 1):
        return False
    dispatch.ring(job)
    return True
