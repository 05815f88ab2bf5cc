"""The reconciler mends what is wanted and not there, or there and not wanted, and shows which hosts are not heard."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from runtime.contract import states
from webapp.deployments.models import UNDER_WAY, Deployment, DesiredState, Repair, Replica
from webapp.deployments.querysets import InServiceQuerySet
from webapp.deployments.rollout.repairing import repair
from webapp.deployments.rollout.seeing import see
from webapp.hosts.models import Host
from webapp.logs import services as logs
from webapp.problems import Refusal

ROWS_PER_PASS = 500
LOGS_PER_PASS = 50
LIVE = ("pending", "starting", "healthy", "unhealthy", "stopping")
# What the engine does not keep up by itself: killed by hand, or left down when the engine itself had died.
ALWAYS_UP = "unless-stopped"
DOWN_SECONDS = 3.0  # so long a restart of the engine's own is waited for
# The host's last lines may still be on their way when its container is gone.
LAST_LINES_SECONDS = 60.0


def run_once(now: datetime) -> int:
    """One pass; how many repairs were ordered.

    At most one per service, environment and host, never while a deployment is under way, never for a host not ready.
    """
    count = 0
    for row in _places(now):
        count += _mend(row, now)
    _end_logs(now)
    return count


def _places(now: datetime) -> Iterator[Replica]:
    """One row for each place where something is missing, down or too much."""
    down = Q(
        desired="running",
        state="stopped",
        observed_at__lt=now - timedelta(seconds=DOWN_SECONDS),
        release__settings__restart__policy=ALWAYS_UP,
    )
    missing = Q(desired="running", container="", state__in=("pending", "stopped", "lost"))
    unwanted = Q(desired="gone") & ~Q(container="")
    rows = Replica.objects.filter(missing | down | unwanted, host__in=Host.objects.ready(now))
    due = rows.exclude(Exists(_under_way())).exclude(Exists(_being_mended(now)))
    told = set()
    for row in due.select_related("host").order_by("created_at")[:ROWS_PER_PASS]:
        place = (row.service_id, row.environment_id, row.host_id)
        if place not in told:
            told.add(place)
            yield row


def _being_mended(now: datetime) -> QuerySet[Repair]:
    """Repairs at the place of the row asked about that still work, or were not long enough ago."""
    here = Repair.objects.filter(
        service=OuterRef("service"), environment=OuterRef("environment"), host=OuterRef("host")
    )
    return here.filter(Q(next_at__gt=now) | ~Q(job__state__in=states.terminal_states(states.JOB)))


def _under_way() -> InServiceQuerySet:
    """Deployments at the place of the row asked about."""
    here = Deployment.objects.filter(service=OuterRef("service"), environment=OuterRef("environment"))
    return here.filter(state__in=UNDER_WAY)


def _mend(row: Replica, now: datetime) -> bool:
    with transaction.atomic():
        here = {"service": row.service_id, "environment": row.environment_id}
        if Deployment.objects.filter(**here, state__in=UNDER_WAY).exists():
            return False
        desired = DesiredState.objects.select_related("release__service__project", "release__environment")
        wanted = desired.filter(**here).first()
        release = wanted.release if wanted is not None else row.release
        return repair(release=release, desired=wanted, host=row.host, now=now) is not None


def note_silence(now: datetime) -> int:
    """Of a host that is not heard nothing is known: its replicas are lost until it speaks. How many it were."""
    rows = Replica.objects.wanted().filter(state__in=LIVE, host__in=Host.objects.unheard(now)).exclude(container="")
    return sum(see(row, state="lost", now=now) for row in rows.select_related("service")[:ROWS_PER_PASS])


def _end_logs(now: datetime) -> None:
    """The logs of replicas that are gone end, once their last lines had time to come."""
    quiet = Q(observed_at__isnull=True) | Q(observed_at__lt=now - timedelta(seconds=LAST_LINES_SECONDS))
    gone = Replica.objects.filter(quiet, desired="gone", container="", log__end_state="")
    for row in gone.exclude(Exists(_under_way())).select_related("log")[:LOGS_PER_PASS]:
        try:
            with transaction.atomic():
                logs.end_log(log=row.log, state="stopped")
        except Refusal:
            return  # Redis is away: the next pass
