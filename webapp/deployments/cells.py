"""One cell of the board: what a service runs in an environment, how it is, and what this actor may do next. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.deployments.models import Deployment, DesiredState, Release, Replica, Service
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.teams.policy import Action

Place = tuple[str, str]  # service id, environment id
SHORT = 12
ON_ITS_WAY = ("awaiting_approval", "queued", "rolling")
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


@dataclass(frozen=True)
class Act:
    """Something this actor may do here. `subject` is what it is done with or to: a build, deployment or release id.

    Kinds: deploy (subject a build); promote, roll_back, approve, cancel (a deployment); scale, restart, stop, start.
    """

    kind: str
    label: str
    subject: str = ""


@dataclass(frozen=True)
class Difference:
    """How a cell differs from its left neighbour."""

    build: bool
    settings: tuple[str, ...]  # names
    variables: tuple[str, ...]  # names

    def __bool__(self) -> bool:
        return self.build or bool(self.settings) or bool(self.variables)


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
    replicas: tuple[Dot, ...] = ()
    deployment_id: str | None = None  # the newest one
    deployment_state: str = ""
    deployment_kind: str = ""
    acts: tuple[Act, ...] = ()
    difference: Difference | None = None


@dataclass(frozen=True)
class Known:
    """What the board has read, by place."""

    desired: Mapping[Place, DesiredState]
    replicas: Mapping[Place, Sequence[Replica]]
    latest: Mapping[Place, Deployment]
    succeeded: Mapping[Place, Deployment]
    allowed: frozenset[Action]
    person: str | None
    said: frozenset[str]  # deployments this person has said yes or no to


def row_of_cells(
    service: Service, environments: Sequence[Environment], build: Build | None, known: Known
) -> Iterator[Cell]:
    """The cells of one service, from left to right."""
    left: Release | None = None
    for at, environment in enumerate(environments):
        further = environments[at + 1] if at + 1 < len(environments) else None
        desired = known.desired.get((service.id, environment.id))
        yield _cell(service, environment, further, build, left, known)
        left = desired.release if desired is not None else None


def _cell(
    service: Service,
    environment: Environment,
    further: Environment | None,
    build: Build | None,
    left: Release | None,
    known: Known,
) -> Cell:
    place = (service.id, environment.id)
    desired, latest = known.desired.get(place), known.latest.get(place)
    copies = known.replicas.get(place, ())
    release = desired.release if desired is not None else None
    return Cell(
        service_id=service.id,
        environment_id=environment.id,
        environment=environment.slug,
        state=_state(desired, latest, copies),
        release_id=release.id if release is not None else None,
        release_number=release.number if release is not None else None,
        build_id=release.build_id if release is not None else None,
        build_number=release.build.number if release is not None else None,
        digest=release.digest if release is not None else "",
        short_digest=release.digest.removeprefix("sha256:")[:SHORT] if release is not None else "",
        since=desired.changed_at if desired is not None else None,
        wanted=desired.replicas if desired is not None else 0,
        healthy=sum(copy.state == "healthy" for copy in copies),
        replicas=tuple(_dot(copy) for copy in copies),
        deployment_id=latest.id if latest is not None else None,
        deployment_state=latest.state if latest is not None else "",
        deployment_kind=latest.kind if latest is not None else "",
        acts=tuple(_acts(place, environment, further, build, known)),
        difference=_difference(left, release),
    )


def _dot(copy: Replica) -> Dot:
    host = copy.host
    return Dot(copy.id, copy.index, host.name, host.state, copy.state, copy.desired)


def _state(desired: DesiredState | None, latest: Deployment | None, copies: Sequence[Replica]) -> str:
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


def may_ask(allowed: frozenset[Action], environment: Environment) -> bool:
    """May somebody with these rights ask for a change here? The gate itself is `services.request`."""
    if not environment.protected:
        return Action.DEPLOY in allowed
    return (Action.REQUEST if environment.required_approvals else Action.DEPLOY_PROTECTED) in allowed


def _acts(
    place: Place, environment: Environment, further: Environment | None, build: Build | None, known: Known
) -> Iterator[Act]:
    """The most sensible first."""
    latest, desired = known.latest.get(place), known.desired.get(place)
    if latest is not None and latest.state == "awaiting_approval":
        own = latest.requested_by_id == known.person
        if Action.APPROVE in known.allowed and not own and latest.id not in known.said:
            yield Act("approve", "Look and approve", latest.id)
        if own or Action.DEPLOY_PROTECTED in known.allowed:
            yield Act("cancel", "Cancel the request", latest.id)
    if latest is not None and latest.state in ("queued", "rolling"):
        guard = Action.DEPLOY_PROTECTED if environment.protected else Action.DEPLOY
        if guard in known.allowed:
            yield Act("cancel", "Cancel", latest.id)
        return
    yield from _forward(place, environment, further, build, known)
    if desired is not None and may_ask(known.allowed, environment):
        yield from _changes(desired, latest)


def _forward(
    place: Place, environment: Environment, further: Environment | None, build: Build | None, known: Known
) -> Iterator[Act]:
    """A newer build in, or what runs here one environment further."""
    desired = known.desired.get(place)
    newer = build is not None and (desired is None or desired.release.build.number < build.number)
    if build is not None and newer and may_ask(known.allowed, environment):
        yield Act("deploy", f"Deploy build {build.number} to {environment.slug}", build.id)
    done = known.succeeded.get(place)
    if further is None or desired is None or done is None or not may_ask(known.allowed, further):
        return
    there, asked = known.desired.get((place[0], further.id)), known.latest.get((place[0], further.id))
    if asked is not None and asked.state in ON_ITS_WAY and asked.release.digest == desired.release.digest:
        return  # it is on its way already
    if done.release_id == desired.release_id and (there is None or there.release.digest != desired.release.digest):
        yield Act("promote", f"Promote build {desired.release.build.number} to {further.slug}", done.id)


def _changes(desired: DesiredState, latest: Deployment | None) -> Iterator[Act]:
    if latest is not None and latest.previous is not None and latest.previous_id != desired.release_id:
        yield Act("roll_back", f"Roll back to release {latest.previous.number}", latest.id)
    if desired.stopped:
        yield Act("start", "Start")
    else:
        yield Act("restart", "Restart")
        yield Act("stop", "Stop")
    yield Act("scale", "Scale")


def _difference(left: Release | None, here: Release | None) -> Difference | None:
    if left is None or here is None:
        return None
    found = Difference(
        build=left.digest != here.digest,
        settings=_differing(left.settings, here.settings),
        variables=_differing(left.variables, here.variables),
    )
    return found or None


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(name for name in sorted({*one, *other}) if one.get(name) != other.get(name))
