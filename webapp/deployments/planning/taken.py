"""What others take of hosts: ports, and the room that the limits of their replicas speak for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from webapp.deployments.models import Release, Replica, Service
from webapp.environments.models import Environment


@dataclass
class Taken:
    """On one host. `ports`: "8080/tcp" -> who holds it; `memory` in bytes."""

    ports: dict[str, str] = field(default_factory=dict)
    replicas: int = 0
    cpus: float = 0.0
    memory: int = 0


def taken_by_others(service: Service, environment: Environment, hosts: Collection[str]) -> dict[str, Taken]:
    """By host id: of everything else that is wanted there, whosever it is, running or stopped. Two queries."""
    rows = Replica.objects.wanted().filter(host__in=hosts).exclude(service=service, environment=environment)
    release = Prefetch("release", Release.objects.only("settings"))
    taken = {host: Taken() for host in hosts}
    for row in rows.prefetch_related(release):
        # Another team's service has no name here.
        holder = f"{service.slug} in another environment" if row.service_id == service.id else "another service"
        _add(taken[row.host_id], row.release.settings, holder)
    return taken


def _add(taken: Taken, settings: Mapping[str, Any], holder: str) -> None:
    taken.replicas += 1
    taken.cpus += settings["limits"]["cpus"]
    taken.memory += settings["limits"]["memory"]
    for port in settings.get("ports", []):
        if port.get("host") is not None:
            taken.ports[f"{port['host']}/{port['protocol']}"] = holder
