"""One cell of the board: what a service runs in an environment, how it is, and what this actor may do next. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.deployments.addresses import Address, addresses
from webapp.deployments.board.acts import Act, Chances, Place, Spot, acts_of
from webapp.deployments.board.differing import Difference, difference
from webapp.deployments.board.trails import Trail
from webapp.deployments.board.waits import what_it_waits_for
from webapp.deployments.models import Deployment, DesiredState, Release, Replica, Service
from webapp.environments.models import Environment
from webapp.images.models import Build

SHORT = 12
ANSWERS = ("healthy", "unhealthy", "starting")
UNHEARD = ("unknown", "revoked", "engine_down")


@dataclass(frozen=True)
class Dot:
    """A replica on the board."""

    id: str
    index: int
    host: str
    host_state: str
    state: str
    desired: str
    unknown_since: datetime | None = None
    ports: tuple[Mapping[str, Any], ...] = ()  # at which it answers
    address: str = ""  # of its host


@dataclass(frozen=True)
class Cell:
    """What runs of a service in an environment.

    `state`: empty, waiting, rolling, failed (the last deployment did, and nothing runs), stopped, unknown (a host is
    not heard), healthy, starting, degraded, down.
    """

    service_id: str
    environment_id: str
    environment: str
    state: str
    release_id: str | None = None
    release_number: int | None = None
    build_id: str | None = None
    build_number: int | None = None
    digest: str = ""
    short_digest: str = ""
    since: datetime | None = None
    wanted: int = 0
    healthy: int = 0
    unknown_since: datetime | None = None  # when the host that is silent for longest was heard last
    replicas: tuple[Dot, ...] = ()
    deployment_id: str | None = None  # the newest one
    deployment_state: str = ""
    deployment_kind: str = ""
    deployment_build: int | None = None
    waits: str = ""  # for what, and who may act
    acts: tuple[Act, ...] = ()
    difference: Difference | None = None
    trail: Trail | None = None  # of its last deployments, where there were several
    addresses: tuple[Address, ...] = ()  # under which it is reached by name
    left_id: str = ""  # the environment that it differs from

    @property
    def main(self) -> Act | None:
        """The one next act, if one suggests itself."""
        return self.acts[0] if self.acts and not self.acts[0].quiet else None

    @property
    def more(self) -> tuple[Act, ...]:
        """The others, in a menu."""
        return self.acts[1:] if self.main is not None else self.acts


@dataclass(frozen=True)
class Known(Chances):
    """What the board has read, by place."""

    replicas: Mapping[Place, Sequence[Replica]]
    trails: Mapping[Place, Trail]


def row_of_cells(
    service: Service, environments: Sequence[Environment], build: Build | None, known: Known
) -> Iterator[Cell]:
    """The cells of one service, from left to right."""
    left: tuple[Environment, Release] | None = None
    before = ""
    for at, environment in enumerate(environments):
        desired = known.desired.get((service.id, environment.id))
        copies = known.replicas.get((service.id, environment.id), ())
        state = state_of(desired, known.latest.get((service.id, environment.id)), copies)
        spot = Spot(
            service=service.id,
            environment=environment,
            nearer=environments[at - 1] if at else None,
            further=environments[at + 1] if at + 1 < len(environments) else None,
            build=build,
            healthy=state == "healthy",
            nearer_healthy=before == "healthy",
        )
        here = (environment, desired.release) if desired is not None else None
        yield _cell(spot, state, copies, known, difference(service, left, here))
        left, before = here, state


def _cell(spot: Spot, state: str, copies: Sequence[Replica], known: Known, differs: Difference | None) -> Cell:
    desired, latest = known.desired.get(spot.place), known.latest.get(spot.place)
    return Cell(
        service_id=spot.service,
        environment_id=spot.environment.id,
        environment=spot.environment.slug,
        state=state,
        since=desired.changed_at if desired is not None else None,
        wanted=desired.replicas if desired is not None else 0,
        healthy=sum(copy.state_now == "healthy" for copy in copies),
        unknown_since=min((copy.unknown_since for copy in copies if copy.unknown_since), default=None),
        replicas=tuple(_dot(copy) for copy in copies),
        deployment_id=latest.id if latest is not None else None,
        deployment_state=latest.state if latest is not None else "",
        deployment_kind=latest.kind if latest is not None else "",
        deployment_build=latest.release.build.number if latest is not None else None,
        waits=what_it_waits_for(spot, state, known),
        acts=tuple(acts_of(spot, known)),
        difference=differs,
        trail=known.trails.get(spot.place),
        addresses=_addresses(desired, copies),
        left_id=spot.nearer.id if spot.nearer is not None else "",
        **(_release(desired.release) if desired is not None else {}),
    )


def _release(release: Release) -> dict[str, Any]:
    return {
        "release_id": release.id,
        "release_number": release.number,
        "build_id": release.build_id,
        "build_number": release.build.number,
        "digest": release.digest,
        "short_digest": release.digest.removeprefix("sha256:")[:SHORT],
    }


def _addresses(desired: DesiredState | None, copies: Sequence[Replica]) -> tuple[Address, ...]:
    edge = next((copy.host.edge for copy in copies if copy.host.edge is not None), None)
    return tuple(addresses(desired.release.settings, edge)) if desired is not None else ()


def _dot(copy: Replica) -> Dot:
    host = copy.host
    ports = tuple(copy.ports) if copy.state_now in ANSWERS else ()
    return Dot(
        id=copy.id,
        index=copy.index,
        host=host.name,
        host_state=host.state,
        state=copy.state_now,
        desired=copy.desired,
        unknown_since=copy.unknown_since,
        ports=ports,
        address=host.address,
    )


def state_of(desired: DesiredState | None, latest: Deployment | None, copies: Sequence[Replica]) -> str:
    """How it is there: see `Cell`."""
    if latest is not None and latest.state in ("queued", "rolling"):
        return "rolling"
    if desired is None:
        if latest is None or latest.state not in ("awaiting_approval", "failed", "rolled_back"):
            return "empty"
        return "waiting" if latest.state == "awaiting_approval" else "failed"
    if desired.stopped:
        return "stopped"
    running = [copy for copy in copies if copy.desired == "running"]
    if any(copy.state == "lost" or copy.host.state in UNHEARD for copy in running):
        return "unknown"
    healthy = sum(copy.state == "healthy" for copy in running)
    if healthy == len(running):
        return "healthy" if healthy else "stopped"
    if healthy:
        return "degraded"
    return "starting" if any(copy.state in ("pending", "starting") for copy in running) else "down"
