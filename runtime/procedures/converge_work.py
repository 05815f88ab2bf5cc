"""What a convergence does to containers: starts, proves and stops them, and takes it back."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runtime.contract.container import Health
from runtime.contract.names import LABEL_ENVIRONMENT, LABEL_SERVICE
from runtime.contract.orders import ConvergeService
from runtime.engine.base import Engine
from runtime.engine.errors import Conflict, EngineTimeout, EngineUnavailable, NotFound
from runtime.engine.values import Container, ContainerPlan
from runtime.health import Prober
from runtime.procedures.converge_plan import (
    Plan,
    Turn,
    is_marked,
    is_of,
    is_over,
    labels_for,
    make_plan,
    name_for,
    network_for,
    restart_name,
)
from runtime.procedures.converge_waves import Wave, pace_of
from runtime.procedures.given_secrets import keep_files, variables_of, write_files
from runtime.procedures.ports import Cancelled, Reporter, SecretFiles, Secrets
from runtime.procedures.replica_volumes import engine_names
from runtime.procedures.serving import Serving
from runtime.proving import Unhealthy, prove_healthy

STOPPED_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every part of the story needs, and what it has changed so far."""

    order: ConvergeService
    engine: Engine
    reporter: Reporter
    secrets: Secrets
    instance: str
    job: str
    prober: Prober
    serving: Serving
    files: SecretFiles
    made: dict[str, str] = field(default_factory=dict)  # replica -> its container, to remove if it goes wrong
    proved: list[str] = field(default_factory=list)  # containers that requests may come to
    stopped: list[Container] = field(default_factory=list)  # containers to start again then

    def containers(self) -> list[Container]:
        """Every container of this service in this environment here."""
        labels = {
            LABEL_SERVICE: self.order.service,
            LABEL_ENVIRONMENT: self.order.environment,
        }
        return self.engine.list_managed(instance=self.instance, labels=labels)


def take(work: Work, wave: Wave) -> None:
    """The turns of one wave: what goes down first, what comes up, its proof, and only then the rest that goes.

    Requests come to the whole wave at once, so that a blue-green switch is one.
    """
    switches = work.order.until != "proved"
    if switches:
        stop_former(work, _former(wave.down_first))
    containers = {}
    for turn in wave.turns:
        work.reporter.check_cancelled()
        containers[_raise(work, turn)] = turn
    _prove(work, containers)
    if switches:
        for container in containers:
            work.proved.append(container)
            work.serving.admit(container)
        stop_former(work, _former(wave.served_first))


def stop_current(work: Work, turn: Turn) -> None:
    """The container of a replica that shall stand still."""
    work.stopped.append(_current(turn))
    with work.reporter.step(f"Stop replica {turn.replica.index}"):
        work.serving.dismiss([_current(turn)])
        work.engine.stop(_current(turn).container_id, timeout=work.order.spec.stop_timeout)


def stop_former(work: Work, containers: Iterable[Container]) -> None:
    """Stops containers whose place others have taken, or take next. All at once, as each may take its time to end."""
    up = [old for old in containers if not is_over(old) and old not in work.stopped]
    if not up:
        return
    with work.reporter.step(f"Stop {', '.join(old.name for old in up)}"):
        work.stopped.extend(up)
        work.serving.dismiss(up)
        with ThreadPoolExecutor(max_workers=min(len(up), STOPPED_AT_ONCE)) as pool:
            waiting = [
                pool.submit(work.engine.stop, old.container_id, timeout=work.order.spec.stop_timeout) for old in up
            ]
        for one in waiting:
            one.result()


def remove_former(work: Work, plan: Plan) -> None:
    """The end of what is not wanted any more; with the last replica the network goes too."""
    work.serving.settle(_wanted_running(work))
    for old in plan.former:
        work.engine.remove(old.container_id)
    keep_files(work.order, work.containers(), files=work.files)
    if not work.order.replicas:
        work.engine.remove_network(network_for(work.order), instance=work.instance)


def take_back(work: Work, plan: Plan) -> bool:
    """Removes the new containers and starts the former ones; True when what ran before serves again, or went on.

    Where something may be extra all former ones start, then the new ones go; else replica after replica, as many at a
    time as may be down. What never proved itself goes first, as nobody asks it, and those it was to replace come first.
    """
    with work.reporter.step("Take it back"):
        pace, unasked = pace_of(work.order), set(work.made.values()).difference(work.proved)
        ways = sorted(_ways_back(work, plan), key=lambda way: not way.gone <= unasked)
        leaving = {container for way in ways for container in way.gone}
        _remove(work, unasked)
        size = len(ways) if pace.surge else pace.unavailable
        for some in (ways[first : first + size] for first in range(0, len(ways), size)):
            gone = [container for way in some for container in way.gone]
            if not pace.surge:
                _remove(work, gone)
            for container in (container for way in some for container in way.back):
                work.engine.start(container)
            work.serving.revert([one for one in work.containers() if one.container_id not in leaving])
            _remove(work, gone)
        keep_files(work.order, work.containers(), files=work.files)
        return _serves_as_before(plan)


@dataclass(frozen=True, slots=True)
class _WayBack:
    """Of one replica: the containers that go, and those that start again."""

    gone: frozenset[str]
    back: frozenset[str]


def _ways_back(work: Work, plan: Plan) -> list[_WayBack]:
    """After an attempt that died half way, former containers found stopped start again too where the replica is wanted
    running: it was that attempt which stopped them. New ones that it left behind, or that were there already, go only
    if there is a former one to serve instead.
    """
    stopped = [old.container_id for old in work.stopped]
    serving = [old for old in plan.surplus if old.status == "running" and old not in work.stopped]
    ways = []
    for turn in plan.turns:
        own = {one.container_id for one in (*turn.former, *([turn.current] if turn.current else []))}
        gone, back = {work.made.get(turn.replica.replica, "")} - {""}, own.intersection(stopped)
        if turn.former and turn.replica.desired == "running":
            back |= {old.container_id for old in turn.former[:1]}
            back |= {old.container_id for old in [one for one in turn.former if is_of(one, turn.replica)][:1]}
            gone |= {turn.current.container_id} if turn.current else set()
        if turn.act == "check" and any(is_of(old, turn.replica) for old in serving):
            gone |= {_current(turn).container_id}
        ways.append(_WayBack(frozenset(gone), frozenset(back - gone)))
    surplus = {old.container_id for old in plan.surplus}.intersection(stopped)
    return [*ways, _WayBack(frozenset(), frozenset(surplus))]


def _remove(work: Work, containers: Iterable[str]) -> None:
    for container_id in containers:
        work.engine.remove(container_id)


def _wanted_running(work: Work) -> list[Container]:
    """The containers of the replicas that are to run."""
    turns = make_plan(work.order, work.containers(), job=work.job).turns
    return [turn.current for turn in turns if turn.current is not None and turn.replica.desired == "running"]


def _serves_as_before(plan: Plan) -> bool:
    """Is there, for all that ran, what ran? What has no former container and was touched itself is not as it was."""
    touched = any(turn.act in ("start", "restart") and not turn.former for turn in plan.turns)
    return not touched and (bool(plan.former) or any(turn.act in ("keep", "stop") for turn in plan.turns))


def _raise(work: Work, turn: Turn) -> str:
    """The replica's container runs; its ID."""
    if turn.act == "create":
        with work.reporter.step(f"Start replica {turn.replica.index}"):
            container_id = _create(work, turn)
            work.made[turn.replica.replica] = container_id
            work.engine.start(container_id)
        return container_id
    current = _current(turn)
    if turn.act in ("start", "restart"):
        _write_files(work, current.labels)
    if turn.act == "start":
        with work.reporter.step(f"Start replica {turn.replica.index}"):
            work.engine.start(current.container_id)
    if turn.act == "restart":
        with work.reporter.step(f"Restart replica {turn.replica.index}"):
            work.serving.dismiss([current])
            _restart_once(work, current)
    return current.container_id


def _prove(work: Work, containers: Mapping[str, Turn]) -> None:
    """All of them, side by side, each a step of its own. Those that were proved before have to answer once."""
    reporter = work.reporter
    steps = {
        container: reporter.begin(f"Wait until replica {turn.replica.index} is healthy")
        for container, turn in containers.items()
    }
    try:
        for health, chosen in _checks(work, containers):
            prove_healthy(
                engine=work.engine,
                containers=chosen,
                health=health,
                prober=work.prober,
                reporter=reporter,
                proven=lambda container: reporter.end(steps[container]),
            )
    except BaseException as error:
        at_fault = error.container.container_id if isinstance(error, Unhealthy) else None
        for container, number in steps.items():  # those that have ended stay as they are
            blamed = container == at_fault if at_fault else not isinstance(error, Cancelled)
            reporter.end(number, state="failed" if blamed else "cancelled")
        raise


def _checks(work: Work, containers: Mapping[str, Turn]) -> Iterable[tuple[Health, Sequence[str]]]:
    """What is asked of whom."""
    health = work.order.spec.health
    seen = [container for container, turn in containers.items() if turn.act == "check"]
    fresh = [container for container in containers if container not in seen]
    return (msgspec.structs.replace(health, minimum_healthy=0.0), seen), (health, fresh)


def _create(work: Work, turn: Turn) -> str:
    """Creates the container, or finds the one whose creation was never answered."""
    order = work.order
    labels = labels_for(order, turn.replica, instance=work.instance, job=work.job)
    plan = ContainerPlan(
        name=name_for(order, turn.replica),
        spec=order.spec,
        variables=variables_of(order, work.secrets),
        labels=labels,
        network=network_for(order),
        alias=order.service_slug,
        secrets=_write_files(work, labels),
        volumes=engine_names(turn.replica),
    )
    for old in turn.former:
        if old.name == plan.name:
            work.engine.rename(old.container_id, f"{old.name}.old-{old.container_id[:12]}")
    try:
        return work.engine.create(plan)
    except (Conflict, EngineTimeout, EngineUnavailable):
        with suppress(NotFound):
            found = work.engine.container(plan.name)
            if dict(found.labels).items() >= plan.labels.items():
                return found.container_id
        raise


def _write_files(work: Work, labels: Mapping[str, str]) -> Path | None:
    return write_files(work.order, labels, engine=work.engine, files=work.files, secrets=work.secrets)


def _restart_once(work: Work, container: Container) -> None:
    if not is_marked(container, job=work.job):
        name = restart_name(container, job=work.job)
        work.engine.rename(container.container_id, name)
    work.engine.restart(container.container_id, timeout=work.order.spec.stop_timeout)


def _former(turns: Iterable[Turn]) -> list[Container]:
    return [old for turn in turns for old in turn.former]


def _current(turn: Turn) -> Container:
    if turn.current is None:
        raise AssertionError(f"{turn.act} without a container")
    return turn.current
