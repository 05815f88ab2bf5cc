"""The facts a plan depends on, read from the database into the planner's values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q

from webapp.deployments.authorship import frozen_of
from webapp.deployments.models import DesiredState, Release, Replica, Service
from webapp.deployments.mounting import users
from webapp.deployments.planning.abilities import complaint_of
from webapp.deployments.planning.plans import Before, Carried, Content, Copy, HostFacts, Kind, PlanRequest, TakenRoute
from webapp.deployments.planning.routes import hold_hosts, taken_routes
from webapp.deployments.planning.taken import taken_by_others
from webapp.deployments.rollout.certificates import good_names
from webapp.deployments.settings.aspects import effective, setting
from webapp.deployments.settings.judging import frozen, reasons_against
from webapp.environments import services as environments
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.images import supply
from webapp.images.models import Build
from webapp.volumes import services as volumes
from webapp.volumes.models import Backup, Volume

RUNS_A_RELEASE = ("deploy", "promotion", "rollback")


@dataclass(frozen=True)
class Wish:
    """What somebody asks for: a release that is there, or a build to be frozen with the settings of now."""

    kind: Kind
    runs: Build | Release
    replicas: int | None = None
    only: Replica | None = None
    to: Host | None = None  # move: where it goes
    volume: Volume | None = None  # restore: whose data becomes the backup's
    backup: Backup | None = None
    goes_on: Release | None = None  # promotion: what runs one environment before, whose settings go with the build
    without: Replica | None = None  # scale: the one that goes
    leaving: tuple[Host, ...] = ()  # evacuation
    by_policy: bool = False  # what runs says itself that this happens, and was looked at when it was asked for


def content_of(release: Release) -> Content:
    """What this release has frozen."""
    return Content(
        build=release.build_id,
        build_number=release.build.number,
        digest=release.digest,
        config_digest=release.config_digest,
        settings=release.settings,
        variables=release.variables,
        secrets=release.secrets,
    )


def freeze(*, service: Service, environment: Environment, build: Build, base: Mapping[str, Any]) -> Content:
    """All that determines what would run: the build, the settings there, variables, secrets by version.

    `base` are the settings of everywhere. The service's variables come over the environment's, and a secret over a
    variable of its name.
    """
    there = frozen(effective(base, service.overrides, environment.slug))
    secrets = environments.current_secrets(environment)
    variables = {**environment.variables, **there.pop("variables")}
    return Content(
        build=build.id,
        build_number=build.number,
        digest=build.digest,
        config_digest=build.config_digest,
        settings=there,
        variables={name: value for name, value in variables.items() if name not in secrets},
        secrets={name: {"id": secret.id, "version": secret.version} for name, secret in sorted(secrets.items())},
    )


def desired_of(service: Service, environment: Environment) -> DesiredState | None:
    """What is wanted now; None when nothing was ever wanted, or nothing is."""
    states = DesiredState.objects.filter(service=service, environment=environment, replicas__gt=0)
    return states.select_related("release__build").first()


def gather(*, service: Service, environment: Environment, wish: Wish) -> PlanRequest:
    """The request for this wish, as the facts are now."""
    desired = desired_of(service, environment)
    build = wish.runs.build if isinstance(wish.runs, Release) else wish.runs
    if isinstance(wish.runs, Release):
        content = content_of(wish.runs)
    else:
        base = frozen_of(service, wish.goes_on).base
        content = freeze(service=service, environment=environment, build=build, base=base)
    pins = volumes.pins_of(place=place_of(service, environment), mounts=setting(content.settings, "volumes"))
    return PlanRequest(
        kind=wish.kind,
        service=service.slug,
        environment=environment.slug,
        content=content,
        build_state=build.state,
        replicas=_replicas(wish, content, desired),
        stopped=_stopped(wish, desired),
        hosts=_hosts(service, environment, build, content, pins),
        copies=_copies(service, environment, content, desired),
        before=_before(desired),
        only=wish.only.id if wish.only is not None else None,
        refused=tuple(reasons_against(content.settings)) if _makes_containers(wish, desired) else (),
        to=wish.to.id if wish.to is not None else "",
        carried=_carried(service, environment, wish, content),
        backup=wish.backup.id if wish.backup is not None else "",
        backup_said=f"{wish.backup.created_at:%Y-%m-%d %H:%M} UTC" if wish.backup is not None else "",
        pins=pins.own,
        shared_pins=pins.shared,
        certified=good_names(service.project_id) if content.settings.get("http") else (),
        without=wish.without.id if wish.without is not None else None,
        leaving=tuple(host.id for host in wish.leaving),
    )


def _replicas(wish: Wish, content: Content, desired: DesiredState | None) -> int:
    """A new release keeps the number that somebody scaled to, unless its settings ask for another than before."""
    if wish.replicas is not None:
        return wish.replicas
    asked: int = content.settings["replicas"]
    if desired is None:
        return asked
    if wish.kind in RUNS_A_RELEASE and desired.release.settings["replicas"] != asked:
        return asked
    return desired.replicas


def _makes_containers(wish: Wish, desired: DesiredState | None) -> bool:
    """What only changes, or takes away, containers that are there is asked for under no profile."""
    if wish.kind == "scale":
        return desired is None or (wish.replicas or 0) > desired.replicas
    return wish.kind in RUNS_A_RELEASE


def _stopped(wish: Wish, desired: DesiredState | None) -> bool:
    before = desired is not None and desired.stopped
    if wish.only is not None:
        return before and wish.kind == "stop"
    keeps = dict.fromkeys(("scale", "move", "restore", "evacuation"), before)
    return {"stop": True, **keeps}.get(wish.kind, False)


def _before(desired: DesiredState | None) -> Before | None:
    if desired is None:
        return None
    release = desired.release
    return Before(
        release=release.id,
        number=release.number,
        build_number=release.build.number,
        replicas=desired.replicas,
        stopped=desired.stopped,
    )


def _copies(
    service: Service, environment: Environment, content: Content, desired: DesiredState | None
) -> tuple[Copy, ...]:
    rows = Replica.objects.wanted().filter(service=service, environment=environment).select_related("release__build")
    same = desired is not None and content_of(desired.release) == content
    return tuple(
        Copy(
            replica=row.id,
            index=row.index,
            host=row.host_id,
            desired="stopped" if row.desired == "stopped" else "running",
            same=same and desired is not None and row.release_id == desired.release_id,
        )
        for row in rows.order_by("index", "id")
    )


def _carried(service: Service, environment: Environment, wish: Wish, content: Content) -> tuple[Carried, ...]:
    """The volumes that a move or a restore is about, and who else has them."""
    mounts = setting(content.settings, "volumes")
    if wish.kind == "move" and wish.only is not None:
        found = volumes.mounted(place=place_of(service, environment), index=wish.only.index, mounts=mounts)
    else:
        found = [wish.volume] if wish.volume is not None else []
    used = users(found)
    return tuple(
        Carried(
            volume=volume.id,
            name=volume.name,
            host=volume.host_id,
            index=volume.index,
            others=sorted(
                {
                    f"{use.service} {use.index}"
                    for use in used.get(volume.id, ())
                    if use.service != service.slug or (wish.only is not None and use.replica != wish.only.id)
                }
            ),
        )
        for volume in found
    )


def place_of(service: Service, environment: Environment) -> volumes.Place:
    """Whose volumes these are."""
    return volumes.Place(service=service.id, service_slug=service.slug, environment=environment)


def _hosts(
    service: Service, environment: Environment, build: Build, content: Content, pins: volumes.Pins
) -> tuple[HostFacts, ...]:
    members = {host.id: host for host in environment.hosts.all()}
    running = Replica.objects.wanted().filter(service=service, environment=environment).values("host")
    held = {host for own in (*pins.own.values(), pins.shared) for host in own.values()}
    others = Host.objects.filter(Q(id__in=running) | Q(id__in=held))
    hosts = {**members, **{host.id: host for host in others}}
    serving = set(Host.objects.serving(service.project.team_id).values_list("id", flat=True))
    holding, pulled = supply.holders(build), supply.is_pulled(build)
    routes = _taken_routes(service, environment, hosts, content)
    taken = taken_by_others(service, environment, list(hosts))
    return tuple(
        HostFacts(
            id=host.id,
            name=host.name,
            state=host.state,
            in_environment=host.id in members,
            serves_team=host.id in serving,
            holds_image=pulled or host.id in holding,
            cannot=complaint_of(host.facts or {}, content),
            has_edge=host.edge is not None,
            taken_routes=routes.get(host.id, ()),
            taken_ports={**_own_ports(host), **taken[host.id].ports},
            labels=host.labels,
            max_replicas=host.max_replicas,
            max_cpus=host.max_cpus,
            max_memory=host.max_memory,
            used_replicas=taken[host.id].replicas,
            used_cpus=round(taken[host.id].cpus, 6),
            used_memory=taken[host.id].memory,
        )
        for host in hosts.values()
    )


def _taken_routes(
    service: Service, environment: Environment, hosts: Mapping[str, Host], content: Content
) -> Mapping[str, Sequence[TakenRoute]]:
    """Asked for only where the content has routes."""
    if content.settings.get("http") is None:
        return {}
    hold_hosts(hosts.values())
    return taken_routes(service, environment, list(hosts))


def _own_ports(host: Host) -> dict[str, str]:
    edge = host.edge
    doors = {f"{edge[name]}/tcp": "its edge proxy" for name in ("http", "https")} if edge is not None else {}
    return {**{f"{port}/tcp": "Slipway itself" for port in settings.RESERVED_HOST_PORTS}, **doors}


def facts_of(release: Release) -> dict[str, Any]:
    """A release in the audit trail: names of variables and secrets, no values."""
    return {
        "release": release.number,
        "build": release.build.number,
        "digest": release.digest,
        "variables": sorted(release.variables),
        "secrets": {name: secret["version"] for name, secret in release.secrets.items()},
    }
