"""Whether the hosts of a plan can serve its routes, and nobody else has them. Pure."""

from collections.abc import Iterable, Mapping
from itertools import product

from webapp.deployments.planning.plans import HostFacts, PlanRequest, TakenRoute
from webapp.deployments.settings.http import covers, overlaps
from webapp.problems import Conflicting


def route_reasons(request: PlanRequest, hosts: Iterable[HostFacts]) -> list[str]:
    """Why these hosts cannot serve what the content asks for."""
    http = request.content.settings.get("http")
    if http is None:
        return []
    reasons = [
        f"Host {host.name} has no edge proxy, by which {http['routes'][0]['host']} would be reached: install caddy "
        "there and start its worker again."
        for host in hosts
        if not host.has_edge
    ]
    if http["tls"] == "own":
        lacking = {route["host"] for route in http["routes"] if not _certified(request, route["host"])}
        reasons += [f"No certificate of the project is good for {host} now: bring one." for host in sorted(lacking)]
    return reasons


def check_routes(request: PlanRequest, hosts: Iterable[HostFacts]) -> None:
    """Raise `Conflicting` where another service is reached so on one of these hosts."""
    http = request.content.settings.get("http")
    if http is None:
        return
    held = {
        why: None
        for host in hosts
        for route, taken in product(http["routes"], host.taken_routes)
        if (why := _why_held(route, http["tls"], taken, host.name))
    }
    if held:
        raise Conflicting(code="route.held", detail=" ".join(held))


def _why_held(route: Mapping[str, str], tls: str, taken: TakenRoute, host: str) -> str:
    if not taken.ours:
        if overlaps(route["host"], taken.host):
            return f"Host name {route['host']} is another team's on host {host}."
        return ""
    if route["host"] != taken.host:
        return ""
    if route["path"].lower() == taken.path.lower():
        path = "" if route["path"] == "/" else route["path"]
        return f"{taken.host}{path} on host {host} is served by {taken.holder}."
    if tls != taken.tls:
        return f"{taken.host} on host {host} is served with TLS {taken.tls} by {taken.holder}: one name has one way."
    return ""


def _certified(request: PlanRequest, host: str) -> bool:
    return any(name == host or covers(name, host) for name in request.certified)
