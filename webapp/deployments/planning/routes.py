"""Who is reached under which names on which hosts, read from the database."""

from collections.abc import Collection, Iterable

from django.db.models import Q

from webapp.deployments.models import DesiredState, Replica, Service
from webapp.deployments.planning.plans import TakenRoute
from webapp.environments.models import Environment
from webapp.hosts.models import Host


def taken_routes(service: Service, environment: Environment, hosts: Collection[str]) -> dict[str, list[TakenRoute]]:
    """Routes of everything else that is wanted in an environment of these hosts, or still runs there."""
    running = Replica.objects.wanted().filter(host__in=hosts).order_by()
    places: dict[tuple[str, str], set[str]] = {}
    for wanted, place, host in running.values_list("service", "environment", "host"):
        places.setdefault((wanted, place), set()).add(host)
    here = Q(environment__hosts__in=hosts) | Q(service__in={wanted for wanted, _ in places})
    others = DesiredState.objects.filter(here, replicas__gt=0, release__settings__http__isnull=False)
    others = others.exclude(service=service, environment=environment).distinct()
    found: dict[str, list[TakenRoute]] = {}
    for state in others.select_related("service__project", "environment", "release"):
        members = {host.id for host in state.environment.hosts.all()}
        at = (members | places.get((state.service_id, state.environment_id), set())) & set(hosts)
        for host in at:
            found.setdefault(host, []).extend(_of(state, service))
    return found


def hold_hosts(hosts: Iterable[Host]) -> None:
    """Of two plans with routes for the same hosts one waits for the other's end, where the database locks rows."""
    ids = sorted(host.id for host in hosts)
    list(Host.objects.select_for_update().filter(id__in=ids).order_by("id").values_list("id"))


def _of(state: DesiredState, service: Service) -> list[TakenRoute]:
    http = state.release.settings.get("http")
    if not http:
        return []
    return [
        TakenRoute(
            host=route["host"],
            path=route["path"],
            tls=http["tls"],
            holder=f"{state.service.slug} in {state.environment.slug}",
            ours=state.service.project.team_id == service.project.team_id,
        )
        for route in http["routes"]
    ]
