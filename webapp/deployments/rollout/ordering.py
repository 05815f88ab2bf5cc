"""Orders to hosts: from a release and rows to the typed order, and from the order to a job."""

from collections.abc import Collection, Iterable
from typing import Any, Literal, TypedDict

import msgspec

from runtime.contract.container import ContainerSpec, Health, Limits, Port, Restart, VolumeMount
from runtime.contract.isolation import Isolation
from runtime.contract.orders import ConvergeService, ReplicaSpec, ReplicaVolume
from runtime.contract.routes import Http, Route
from webapp.deployments.models import Release, Replica
from webapp.deployments.planning.gathering import place_of
from webapp.deployments.planning.manner import manner_of
from webapp.deployments.rollout import certificates as own
from webapp.deployments.rollout.certificates import certificates_for
from webapp.deployments.settings.aspects import setting
from webapp.deployments.settings.secret_files import read_as_files
from webapp.hosts.models import Host
from webapp.images import supply
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.registries.logins import secrets_of
from webapp.volumes import services as volumes


class Pace(TypedDict, total=False):
    """How a host goes about it: members of the order."""

    start_first: bool
    surge: int
    unavailable: int
    until: Literal["stopped", "proved", "done"]
    leaving: bool


def spec_of(release: Release) -> ContainerSpec:
    """The container that this release asks for. Secrets by name only: their values travel in the claim."""
    settings: dict[str, Any] = release.settings
    files = read_as_files(setting(settings, "secret_files"), release.secrets)
    return ContainerSpec(
        image=release.config_digest,
        command=tuple(settings["command"]),
        variables=release.variables,
        secrets={name: name for name in sorted(release.secrets) if name not in files},
        ports=tuple(msgspec.convert(port, type=Port) for port in settings["ports"]),
        health=msgspec.convert(settings["health"], type=Health),
        limits=msgspec.convert(settings["limits"], type=Limits),
        restart=msgspec.convert(settings["restart"], type=Restart),
        stop_timeout=settings["stop_timeout"],
        isolation=_isolation(setting(settings, "isolation")),
        secret_files={name: name for name in files},
        volumes=tuple(
            VolumeMount(name=mount["name"], path=mount["path"], read_only=mount["read_only"])
            for mount in setting(settings, "volumes")
        ),
    )


def _isolation(frozen: dict[str, Any]) -> Isolation | None:
    """None for a release of before there were words for it: its containers are as they were."""
    said = {name: value for name, value in frozen.items() if name != "profile"}
    return msgspec.convert(said, type=Isolation) if said else None


def converge(
    *,
    release: Release,
    deployment: str | None,
    generation: int,
    replicas: Iterable[Replica],
    restart: tuple[str, ...] = (),
    at: Pace | None = None,
) -> ConvergeService:
    """The whole of what one host shall run of the release's service in its environment.

    `at` what pace; where it is not said, at the release's own, as far as one host goes.
    """
    wanted = list(replicas)
    return ConvergeService(
        deployment=deployment,
        project=release.service.project_id,
        service=release.service_id,
        service_slug=release.service.slug,
        environment=release.environment_id,
        environment_slug=release.environment.slug,
        release=release.id,
        generation=generation,
        spec=spec_of(release),
        replicas=tuple(
            ReplicaSpec(
                replica=row.id,
                index=row.index,
                log=row.log_id,
                desired=_wanted(row),
                volumes=_volumes(release, row),
            )
            for row in wanted
        ),
        restart=restart,
        **(at or _pace(release, len(wanted))),
        http=_http(release) if wanted else None,
        **_supply(release, wanted),
    )


def give(*, order: ConvergeService, release: Release, host: Host, log: Log) -> Job:
    """The job that carries the order to the host, with the release's secrets unless nothing shall run there."""
    secrets = {name: secret["id"] for name, secret in release.secrets.items()} if order.replicas else {}
    secrets |= secrets_of(source.login for source in order.pull)
    secrets |= own.secrets_of(order.http.certificates if order.http is not None else ())
    return jobs.create_job(order=order, project=release.service.project, host=host, log=log, secrets=secrets)


def pace(*, start_first: bool, surge: int, unavailable: int) -> Pace:
    """As the order says it: without surge one replica may be down anyway, which is not said to hosts of long ago."""
    told = 0 if not start_first and unavailable <= 1 else unavailable
    return {"start_first": start_first, "surge": surge, "unavailable": told}


def _pace(release: Release, replicas: int) -> Pace:
    manner = manner_of(release.settings, replicas=replicas)
    return pace(start_first=manner.start_first, surge=manner.surge, unavailable=manner.unavailable)


def _volumes(release: Release, row: Replica) -> tuple[ReplicaVolume, ...]:
    found = volumes.assign(
        place=place_of(release.service, release.environment),
        host=row.host,
        index=row.index,
        mounts=setting(release.settings, "volumes"),
    )
    return tuple(ReplicaVolume(name=volume.name, volume=volume.id, known=volume.made) for volume in found)


def _http(release: Release) -> Http | None:
    """How it is reached by name."""
    asked = release.settings.get("http")
    if asked is None:
        return None
    return Http(
        port=asked["port"],
        routes=tuple(msgspec.convert(route, type=Route) for route in asked["routes"]),
        tls=asked["tls"],
        certificates=certificates_for(release),
        drain=asked["drain"],
    )


def _supply(release: Release, replicas: Collection[Replica]) -> dict[str, Any]:
    """Where the image comes from if the host does not hold it, and its name there."""
    sources = supply.sources(release.build) if replicas else ()
    return {"pull": sources, "name": supply.local_name(release.build)} if sources else {}


def _wanted(row: Replica) -> Literal["running", "stopped"]:
    return "stopped" if row.desired == "stopped" else "running"
