"""Where a browser finds what is reached by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import now

from webapp.certificates.models import SOON, Certificate
from webapp.deployments.models import DesiredState
from webapp.deployments.rollout.certificates import is_for
from webapp.environments.models import Environment
from webapp.environments.reached import Reached

STANDARD = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """`url` is empty for a wildcard, which is no address yet; `shown` is what people read."""

    url: str
    shown: str
    host: str


def addresses(settings: Mapping[str, Any], edge: Mapping[str, Any] | None) -> list[Address]:
    """By the settings of a release, at the edge of a host (`Host.edge`); none without either."""
    http = settings.get("http")
    return [_address(route, http["tls"], edge) for route in http["routes"]] if http and edge else []


def routes_of(environment: Environment) -> Sequence[Reached]:
    """What is reached by name in an environment, by service; see `webapp.environments.reached`."""
    edges = [host.edge for host in environment.hosts.all()]
    edge = next((one for one in edges if one is not None), None)
    wanted = DesiredState.objects.filter(environment=environment, replicas__gt=0, release__settings__http__isnull=False)
    certificates = list(Certificate.objects.filter(project=environment.project_id))
    return [
        Reached(
            service=state.service_id,
            slug=state.service.slug,
            url=at.url,
            shown=at.shown,
            tls=http["tls"],
            warning=_warning(certificates, at.host) if http["tls"] == "own" else "",
        )
        for state in wanted.select_related("service", "release").order_by("service__slug")
        if (http := state.release.settings["http"])
        for at in addresses(state.release.settings, edge)
    ]


def _address(route: Mapping[str, str], tls: str, edge: Mapping[str, Any]) -> Address:
    scheme = "http" if tls == "off" else "https"
    port = "" if edge[scheme] == STANDARD[scheme] else f":{edge[scheme]}"
    path = "" if route["path"] == "/" else route["path"]
    shown = f"{route['host']}{port}{path}"
    url = "" if route["host"].startswith("*") else f"{scheme}://{shown}"
    return Address(url=url, shown=shown, host=route["host"])


def _warning(certificates: Sequence[Certificate], host: str) -> str:
    """Of those that are for the name, the one that lasts longest counts."""
    moment = now()
    ends = [one.not_after for one in certificates if one.not_before <= moment and is_for(one.hosts, [host])]
    if not ends:
        return "no certificate is good for it"
    last = max(ends)
    if last <= moment:
        return f"its certificate ended on {last:%Y-%m-%d}"
    return f"its certificate ends on {last:%Y-%m-%d}" if last - SOON <= moment else ""
