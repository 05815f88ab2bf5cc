"""Which certificates serve which services, and how a new one comes to the hosts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now as clock

from webapp.certificates.models import Certificate
from webapp.deployments.models import UNDER_WAY, Deployment, DesiredState, Release, Replica
from webapp.deployments.rollout.certificates import is_for
from webapp.deployments.rollout.repairing import repair
from webapp.hosts.models import Host

CERTIFICATES_PER_PASS = 20


def users(certificate: Certificate) -> Sequence[str]:
    """What would be served with none without it (`webapp.certificates.using.Users`)."""
    others = Certificate.objects.filter(project=certificate.project_id).exclude(id=certificate.id).good_at(clock())
    names = [name for other in others for name in other.hosts]
    return [
        f"{state.service.slug} in {state.environment.slug}"
        for state in _served_with_own(certificate.project_id)
        if any(is_for(certificate.hosts, [host]) and not is_for(names, [host]) for host in _hosts(state.release))
    ]


def deliver_due(now: datetime) -> int:
    """Tell hosts of certificates that they do not have yet; how many orders that were."""
    count = 0
    for certificate in Certificate.objects.filter(delivered_at=None)[:CERTIFICATES_PER_PASS]:
        with transaction.atomic():
            places = [
                state
                for state in _served_with_own(certificate.project_id)
                if is_for(certificate.hosts, _hosts(state.release))
            ]
            told = [_tell(state, now) for state in places]
            count += sum(len(orders) for orders in told if orders is not None)
            if all(orders is not None for orders in told):
                rows = Certificate.objects.filter(id=certificate.id, brought_at=certificate.brought_at)
                rows.update(delivered_at=now)
    return count


def _tell(state: DesiredState, now: datetime) -> list[str] | None:
    """The orders; None when a host cannot be told at this moment, and is to be told again."""
    here = {"service": state.service_id, "environment": state.environment_id}
    if Deployment.objects.filter(**here, state__in=UNDER_WAY).exists():
        return None
    hosts = Host.objects.filter(id__in=Replica.objects.wanted().filter(**here).values("host"))
    jobs = [repair(release=state.release, desired=state, host=host, now=now) for host in hosts]
    given = [job.id for job in jobs if job is not None]
    return given if len(given) == len(jobs) else None


def _served_with_own(project: str) -> Iterable[DesiredState]:
    rows = DesiredState.objects.filter(
        service__project=project, replicas__gt=0, release__settings__http__tls="own"
    ).select_related("service__project", "environment", "release__service__project", "release__environment")
    return rows.order_by("service__slug", "environment__rank")


def _hosts(release: Release) -> list[str]:
    return [route["host"] for route in release.settings["http"]["routes"]]
