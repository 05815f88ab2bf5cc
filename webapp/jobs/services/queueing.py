"""The queue for the build slots of a host: where a job stands, putting it first, giving it to another host."""

from datetime import datetime

from django.db.models import Max, Q, QuerySet

from webapp.hosts.models import Host
from webapp.jobs import dispatch
from webapp.jobs.models import Job
from webapp.jobs.services.capacity import IN_TURN
from webapp.jobs.transitions import LIVE


def queue_position(job: Job) -> int | None:
    """1 for the next one; None for a job that does not wait for a build slot of its host."""
    if job.state != "queued" or not job.uses_build_slot:
        return None
    earlier = Q(created_at__lt=job.created_at) | Q(created_at=job.created_at, id__lt=job.id)
    before = Q(precedence__gt=job.precedence) | Q(earlier, precedence=job.precedence)
    return waiting(job.host_id).filter(before).count() + 1


def waiting(host_id: str) -> QuerySet[Job]:
    """What waits for a build slot of this host, in turn."""
    return Job.objects.filter(host=host_id, state="queued", uses_build_slot=True).order_by(*IN_TURN)


def at_work(host_id: str) -> QuerySet[Job]:
    """What has a build slot of this host, longest first."""
    return Job.objects.filter(host=host_id, state__in=LIVE, uses_build_slot=True).order_by("claimed_at", "id")


def put_first(*, job: Job) -> bool:
    """Let a job be the next that gets a slot; False when it does not wait (any more). To be called in a transaction."""
    Host.objects.select_for_update().get(id=job.host_id)  # two are not put first with the same precedence
    highest = waiting(job.host_id).exclude(id=job.id).aggregate(highest=Max("precedence"))["highest"]
    precedence = 0 if highest is None else highest + 1
    if queue_position(job) == 1:
        return True
    return bool(waiting(job.host_id).filter(id=job.id).update(precedence=precedence))


def move_to(*, job: Job, host: Host, now: datetime) -> bool:
    """Give a waiting job to another host, at the end of its queue; False when it does not wait there (any more)."""
    same = Job.objects.filter(id=job.id, state="queued", host=job.host_id)
    if not same.update(host=host, precedence=0, rung_at=now, rings=1):
        return False
    job.host, job.precedence = host, 0
    dispatch.ring(job)
    return True
