"""Move what runs away from a host, heard or not: by a person, or by itself where the release says that it may."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now

from webapp.deployments.models import UNDER_WAY, Deployment, Replica, Service
from webapp.deployments.planning.gathering import Wish
from webapp.deployments.services.changing import desired_there
from webapp.deployments.services.gates import required_approvals
from webapp.deployments.services.request import submit
from webapp.deployments.settings.aspects import setting
from webapp.deployments.settings.placement import AUTOMATIC
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.problems import Conflicting, Refusal
from webapp.teams.policy import SYSTEM, Actor

MAX_PLACES = 200  # services in environments, of one host or in one pass
AGAIN_SECONDS = 300.0  # after a move by itself that was asked for at a place, whatever became of it

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """A place that was not left, and why."""

    service: Service
    environment: Environment
    why: str


@dataclass(frozen=True)
class Left:
    """What became of leaving a host."""

    deployments: list[Deployment]
    refused: list[Refused]


def evacuate(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    host: Host,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """Run the copies that are wanted on this host on others. Raises `Conflicting` when none is.

    Of other hosts that are not heard it moves away too: they could not be told what stays there. A host that is heard
    removes its own when the others are healthy. One that is not may run them on: then two copies run for a while, and
    it removes its own as soon as it is heard.
    """
    required_approvals(actor=actor, project=service.project, environment=environment)
    desired = desired_there(service, environment)
    if not Replica.objects.wanted().filter(service=service, environment=environment, host=host).exists():
        raise Conflicting(
            code="host.nothing_there",
            detail=f"Nothing of {service.slug} in {environment.slug} is wanted on host {host.name}.",
        )
    unheard = _unheard(service, environment, since=now()).exclude(id=host.id)
    wish = Wish(kind="evacuation", runs=desired.release, leaving=tuple(sorted([host, *unheard], key=_name)))
    return submit(
        actor=actor,
        service=service,
        environment=environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def leave_host(*, actor: Actor, host: Host, comment: str = "") -> Left:
    """Move all that the actor may see away from a host, each service by a deployment of its own, as far as it goes."""
    left = Left([], [])
    for row in _places(Replica.objects.wanted().filter(host=host).visible_to(actor)):
        try:
            made = evacuate(actor=actor, service=row.service, environment=row.environment, host=host, comment=comment)
        except Refusal as refusal:
            why = " ".join([refusal.detail, *refusal.reasons])
            left.refused.append(Refused(row.service, row.environment, why))
        else:
            left.deployments.append(made)
    return left


def move_by_themselves(moment: datetime) -> int:
    """Move what says that it may, from hosts that were silent for so long; how many places. For the control loop.

    It asks at a place again after minutes only, so that what fails does not fail without end.
    """
    here = Deployment.objects.filter(service=OuterRef("service"), environment=OuterRef("environment"))
    lately = here.filter(kind="evacuation", created_at__gt=moment - timedelta(seconds=AGAIN_SECONDS))
    rows = Replica.objects.wanted().filter(
        desired="running", host__in=Host.objects.unheard(moment), release__settings__placement__when_silent=AUTOMATIC
    )
    due = rows.exclude(Exists(here.filter(state__in=UNDER_WAY))).exclude(Exists(lately))
    return sum(_move(row, moment) for row in _places(due))


def _move(row: Replica, moment: datetime) -> bool:
    """Another that is silent for a shorter time keeps it waiting: it could not be told what stays there."""
    silence = timedelta(seconds=setting(row.release.settings, "placement")["after"])
    silent = tuple(_unheard(row.service, row.environment, since=moment - silence).order_by("name"))
    if not silent:
        return False
    desired = desired_there(row.service, row.environment)
    wish = Wish(kind="evacuation", runs=desired.release, leaving=silent, by_policy=True)
    said = " ".join(f"Host {host.name} was last heard {host.last_heard_at:%Y-%m-%d %H:%M:%S} UTC." for host in silent)
    try:
        submit(actor=SYSTEM, service=row.service, environment=row.environment, wish=wish, comment=said)
    except Refusal as refusal:
        why = " ".join([refusal.detail, *refusal.reasons])
        logger.warning("%s in %s cannot move by itself: %s", row.service.slug, row.environment.slug, why)
        return False
    return True


def _unheard(service: Service, environment: Environment, *, since: datetime) -> QuerySet[Host]:
    """Hosts with copies that were not heard since then, and are not now."""
    here = Replica.objects.wanted().filter(service=service, environment=environment).values("host")
    return Host.objects.unheard(now()).filter(id__in=here, last_heard_at__lt=since)


def _name(host: Host) -> str:
    return host.name


def _places(rows: QuerySet[Replica]) -> Iterator[Replica]:
    """One row for each service and environment."""
    told: set[tuple[str, str]] = set()
    related = rows.select_related("service__project__team", "environment", "host", "release")
    for row in related.order_by("service", "environment", "index"):
        place = (row.service_id, row.environment_id)
        if place not in told and len(told) < MAX_PLACES:
            told.add(place)
            yield row
