"""What a convergence has to do, as a value: from the order and the containers that are there.
Pure.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from runtime.contract.container import ContainerSpec
from runtime.contract.names import (
    LABEL_ENVIRONMENT,
    LABEL_GENERATION,
    LABEL_HEALTH,
    LABEL_INDEX,
    LABEL_INSTANCE,
    LABEL_JOB,
    LABEL_LOG,
    LABEL_PROJECT,
    LABEL_RELEASE,
    LABEL_REPLICA,
    LABEL_SERVICE,
    LABEL_SPEC,
    container_name,
)
from runtime.contract.orders import ConvergeService, ReplicaSpec, ReplicaVolume
from runtime.engine.values import Container

RESTART_MARK = ".r-"
ID_TAIL = 10
ASKED = ("tcp", "http")  # kinds of health that the host asks for, as long as the container runs

Act = Literal["create", "start", "restart", "prove", "check", "keep", "stop", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What happens to one wanted replica. `former` are the containers whose place it takes."""

    replica: ReplicaSpec
    act: Act
    current: Container | None = None
    former: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Turns in the order of their index, and the containers that nobody wants any more."""

    turns: tuple[Turn, ...] = ()
    surplus: tuple[Container, ...] = ()

    @property
    def former(self) -> tuple[Container, ...]:
        """Every container that is to go in the end."""
        return tuple(old for turn in self.turns for old in turn.former) + self.surplus


class OutdatedOrder(Exception):
    """Containers of a later generation are here already: this order is an old one."""


def make_plan(order: ConvergeService, containers: Sequence[Container], *, job: str) -> Plan:
    """`containers` are all of this service in this environment on this host. Raises OutdatedOrder.

    A container is current when it is of a wanted replica, of the order's release and of the same
    specification; its generation may be an earlier one that wanted the same. Any other is former:
    it goes when the current one of its replica or index serves, or of another that has none to take the place of, so
    that each that comes up lets one go down; or at the end, when there is none.
    """
    if any(_generation(container) > order.generation for container in containers):
        raise OutdatedOrder
    left = sorted(containers, key=_serving_first)
    wanted = sorted(order.replicas, key=lambda replica: replica.index)
    current = {replica.replica: _take_current(left, replica, order) for replica in wanted}
    former = _share_out(left, wanted, current, job)
    turns = [
        Turn(
            replica=replica,
            act=_act(order, replica, current[replica.replica], left, job),
            current=current[replica.replica],
            former=tuple(former[replica.replica]),
        )
        for replica in wanted
    ]
    return Plan(turns=tuple(turns), surplus=tuple(left))


def labels_for(order: ConvergeService, replica: ReplicaSpec, *, instance: str, job: str) -> dict[str, str]:
    """All that a relist needs to know of a container again."""
    labels = {
        LABEL_INSTANCE: instance,
        LABEL_PROJECT: order.project,
        LABEL_SERVICE: order.service,
        LABEL_ENVIRONMENT: order.environment,
        LABEL_RELEASE: order.release,
        LABEL_GENERATION: str(order.generation),
        LABEL_REPLICA: replica.replica,
        LABEL_INDEX: str(replica.index),
        LABEL_LOG: replica.log,
        LABEL_JOB: job,
        LABEL_SPEC: spec_hash(order.spec, replica.volumes),
    }
    if order.spec.health.kind in ASKED:
        labels[LABEL_HEALTH] = msgspec.json.encode(order.spec.health).decode()
    return labels


def name_for(order: ConvergeService, replica: ReplicaSpec) -> str:
    """The name under which the engine refuses a second container of this replica."""
    return container_name(
        service=order.service_slug,
        environment=order.environment_slug,
        replica=replica.replica,
        generation=order.generation,
    )


def network_for(order: ConvergeService) -> str:
    """The network on which the services of one environment find each other by slug."""
    return f"slipway-{order.project[-ID_TAIL:]}-{order.environment[-ID_TAIL:]}"


def spec_hash(spec: ContainerSpec, volumes: Sequence[ReplicaVolume] = ()) -> str:
    """The same for equal specifications with the same volumes, however their mappings are ordered."""
    said = msgspec.json.encode(spec, order="deterministic")
    if spec.volumes:
        said += msgspec.json.encode({which.name: which.volume for which in volumes}, order="deterministic")
    return hashlib.sha256(said).hexdigest()[:32]


def restart_name(container: Container, *, job: str) -> str:
    """A name that says: `job` wants this container restarted, and it was started then when that
    began.

    Labels cannot be changed, names can. Written before the restart, the name tells a second
    attempt of the same job whether the restart has happened: the container's start is then another
    one.
    """
    base = container.name.partition(RESTART_MARK)[0]
    return f"{base}{RESTART_MARK}{job[-ID_TAIL:]}-{container.started_ns or 0}"


def is_marked(container: Container, *, job: str) -> bool:
    """True when `job` wrote its mark on this container already."""
    return f"{RESTART_MARK}{job[-ID_TAIL:]}-" in container.name


def is_over(container: Container) -> bool:
    """True when it does not run, and nobody is about to start it."""
    return container.status in ("created", "exited", "dead", "paused")


def _act(
    order: ConvergeService, replica: ReplicaSpec, current: Container | None, surplus: Sequence[Container], job: str
) -> Act:
    """One that is there already is looked at once more before another of its index that still serves goes."""
    if replica.desired == "stopped":
        return "none" if current is None or is_over(current) else "stop"
    if current is None:
        return "create"
    if is_over(current):
        return "start"
    made_by_this_job = current.labels.get(LABEL_JOB) == job
    if replica.replica in order.restart and not made_by_this_job:
        return "prove" if _was_restarted(current, job) else "restart"
    if made_by_this_job:
        return "prove"
    return "check" if any(old.status == "running" and is_of(old, replica) for old in surplus) else "keep"


def _was_restarted(container: Container, job: str) -> bool:
    if not is_marked(container, job=job):
        return False
    return container.name.rpartition("-")[2] != str(container.started_ns or 0)


def _take_current(left: list[Container], replica: ReplicaSpec, order: ConvergeService) -> Container | None:
    wanted = spec_hash(order.spec, replica.volumes)
    for container in left:
        labels = container.labels
        if (
            labels.get(LABEL_REPLICA) == replica.replica
            and labels.get(LABEL_RELEASE) == order.release
            and labels.get(LABEL_SPEC) == wanted
        ):
            left.remove(container)
            return container
    return None


def _share_out(
    left: list[Container], wanted: Sequence[ReplicaSpec], current: Mapping[str, Container | None], job: str
) -> dict[str, list[Container]]:
    """Which former containers go for the sake of which replica; the others stay in `left`.

    What does not run goes with its index. Of those that run each replica that comes up replaces one, its own if there
    is one, so that each that comes up lets one go down.
    """
    former: dict[str, list[Container]] = {replica.replica: [] for replica in wanted}

    def give(replica: ReplicaSpec, found: list[Container]) -> None:
        for container in found:
            left.remove(container)
            former[replica.replica].append(container)

    for replica in wanted:
        own = [container for container in left if is_of(container, replica)]
        running = [container for container in own if container.status == "running"]
        comes_up = _comes_up(replica, current[replica.replica], job)
        give(replica, running[:1] if comes_up else [])
        give(replica, [container for container in own if container not in running])
    for replica in wanted:
        replaces = any(container.status == "running" for container in former[replica.replica])
        if not replaces and _comes_up(replica, current[replica.replica]):
            give(replica, [container for container in left if container.status == "running"][:1])
    return former


def _comes_up(replica: ReplicaSpec, current: Container | None, job: str | None = None) -> bool:
    """True when it is to run and does not, or does since this job."""
    is_new = current is None or is_over(current) or (job is not None and current.labels.get(LABEL_JOB) == job)
    return replica.desired == "running" and is_new


def is_of(container: Container, replica: ReplicaSpec) -> bool:
    """True when it is or was the replica's, or that of another one of its index."""
    labels = container.labels
    return labels.get(LABEL_REPLICA) == replica.replica or labels.get(LABEL_INDEX) == str(replica.index)


def _generation(container: Container) -> int:
    text = container.labels.get(LABEL_GENERATION, "")
    return int(text) if text.isdecimal() else 0


def _serving_first(container: Container) -> tuple[bool, int]:
    return (container.status != "running", -_generation(container))
