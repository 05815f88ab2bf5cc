"""What a host takes now: asked by the claim for one job, and by the doorbells for all that wait."""

from collections.abc import Collection

from django.db.models import Count, Q

from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.jobs.transitions import LIVE

# Orders that take a service or images away from their host; that is how a drained one is cleared.
CLEARING = (
    Q(kind="converge_service", order__replicas=[])
    | Q(kind="converge_service", order__leaving=True)
    | Q(kind__in=("forget_images", "backup_volume", "remove_volume"))
)

IN_TURN = ("-precedence", "created_at", "id")  # of what waits for a build slot


def takes(host: Host, job: Job) -> bool:
    """A drained host takes no new work, but may still be cleared of a service; a build needs a free slot."""
    if not host.credential_digest:
        return False
    if host.drained and not Job.objects.filter(CLEARING, id=job.id).exists():
        return False
    return not job.uses_build_slot or free_slots([host])[host.id] > 0


def free_slots(hosts: Collection[Host]) -> dict[str, int]:
    """How many more builds each of these hosts takes now."""
    live = Job.objects.filter(host__in=hosts, uses_build_slot=True, state__in=LIVE)
    busy = dict(live.order_by().values_list("host").annotate(Count("id")))
    return {host.id: max(0, host.usable_slots - busy.get(host.id, 0)) for host in hosts}
