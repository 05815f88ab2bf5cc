"""Brings one service in one environment on this host to the state the order wants.

Done twice it is done once; done half, by a worker that died, the next attempt finishes it;
cancelled or failed, the former containers serve again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from runtime.contract.names import LABEL_ENVIRONMENT, LABEL_INSTANCE, LABEL_PROJECT, LABEL_SERVICE
from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Problem, ReplicaResult, ServiceResult
from runtime.edge.base import Edge, EdgeError
from runtime.engine.base import Engine
from runtime.engine.errors import (
    Conflict,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    NotFound,
)
from runtime.engine.facts import state_of
from runtime.engine.values import Container, ContainerPlan
from runtime.health import Prober, Unhealthy, prove_healthy
from runtime.procedures.answers import answered
from runtime.procedures.converge_plan import (
    OutdatedOrder,
    Plan,
    Turn,
    is_marked,
    labels_for,
    make_plan,
    name_for,
    network_for,
    restart_name,
)
from runtime.procedures.fetch_image import ensure_image
from runtime.procedures.given_secrets import keep_files, variables_of, write_files
from runtime.procedures.ports import Cancelled, ProcedureError, Reporter, SecretFiles, Secrets
from runtime.procedures.serving import Serving
from runtime.redaction import Redactor

EVIDENCE_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
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
    made: list[str] = field(default_factory=list)  # containers to remove if it goes wrong
    stopped: list[Container] = field(default_factory=list)  # containers to start again then

    def containers(self) -> list[Container]:
        """Every container of this service in this environment here."""
        labels = {
            LABEL_SERVICE: self.order.service,
            LABEL_ENVIRONMENT: self.order.environment,
        }
        return self.engine.list_managed(instance=self.instance, labels=labels)


def converge_service(
    order: ConvergeService,
    *,
    engine: Engine,
    reporter: Reporter,
    secrets: Secrets,
    instance: str,
    job: str,
    prober: Prober,
    edge: Edge,
    files: SecretFiles,
) -> ServiceResult:
    """Carries out `order`. Raises ProcedureError or Cancelled, with what was left standing."""
    redactor = Redactor(secrets.values())
    work = _Work(
        order=order,
        engine=engine,
        reporter=reporter,
        secrets=secrets,
        instance=instance,
        job=job,
        prober=prober,
        serving=Serving(order=order, edge=edge, engine=engine, reporter=reporter, secrets=secrets),
        files=files,
    )
    with answered(redactor):
        reporter.phase("rolling")
        with reporter.step("Look at what runs"):
            plan = _plan(work)
        with reporter.step("Prepare image and network"):
            _prepare(work, plan)
        with _taken_back_on_failure(work, plan):
            if not order.start_first:
                _stop_former(work, plan.surplus)
            for turn in plan.turns:
                reporter.check_cancelled()
                _take(work, turn)
        with reporter.step("Remove what is not wanted any more"):
            _remove_former(work, plan)
        return _result(work)


def _plan(work: _Work) -> Plan:
    try:
        plan = make_plan(work.order, work.containers(), job=work.job)
    except OutdatedOrder as error:
        raise ProcedureError(
            Problem(
                code="order_outdated",
                whose="us",
                message="A later change of this service was carried out here already.",
            )
        ) from error
    for turn in plan.turns:
        work.reporter.line("s", f"Replica {turn.replica.index}: {_words(turn)}")
    for container in plan.surplus:
        work.reporter.line("s", f"{container.name}: not wanted any more")
    return plan


def _words(turn: Turn) -> str:
    words = {
        "create": "a new container",
        "start": "its container is started",
        "restart": "its container is restarted",
        "prove": "its container is there, and is checked",
        "keep": "stays as it is",
        "stop": "its container is stopped",
        "none": "stays stopped",
    }
    takes_over = ", in the place of " + ", ".join(old.name for old in turn.former)
    return words[turn.act] + (takes_over if turn.former else "")


def _prepare(work: _Work, plan: Plan) -> None:
    """Finds out what would fail before anything is touched."""
    if all(turn.act != "create" for turn in plan.turns):
        return
    variables_of(work.order, work.secrets)
    ensure_image(
        work.order.spec.image,
        sources=work.order.pull,
        name=work.order.name,
        engine=work.engine,
        reporter=work.reporter,
        secrets=work.secrets,
    )
    work.engine.ensure_network(
        network_for(work.order),
        labels={
            LABEL_INSTANCE: work.instance,
            LABEL_PROJECT: work.order.project,
            LABEL_ENVIRONMENT: work.order.environment,
        },
    )


@contextmanager
def _taken_back_on_failure(work: _Work, plan: Plan) -> Iterator[None]:
    """Leaves one complete release serving, whatever happens inside short of death."""
    try:
        yield
    except Cancelled as cancelled:
        reverted = _take_back(work, plan)
        raise Cancelled(result=_result(work, reverted=reverted)) from cancelled
    except Unhealthy as error:
        problem = _problem(work, error)
        reverted = _take_back(work, plan)
        raise ProcedureError(problem, result=_result(work, reverted=reverted)) from error
    except (EngineUnavailable, EngineTimeout):
        # Nobody to take it back with; the next attempt finds what is there and goes on.
        raise
    except (EngineError, EdgeError) as error:
        reverted = _take_back(work, plan)
        result = _result(work, reverted=reverted)
        raise ProcedureError(error.problem(), result=result) from error


def _take(work: _Work, turn: Turn) -> None:
    """One replica's turn. Former containers are stopped when it serves, or before, but kept."""
    if not work.order.start_first:
        _stop_former(work, turn.former)
    match turn.act:
        case "create":
            _raise_new(work, turn)
        case "start" | "restart" | "prove":
            _raise_current(work, turn)
        case "stop":
            _stop_current(work, turn)
    if work.order.start_first:
        _stop_former(work, turn.former)


def _raise_new(work: _Work, turn: Turn) -> None:
    with work.reporter.step(f"Start replica {turn.replica.index}"):
        container_id = _create(work, turn)
        work.made.append(container_id)
        work.engine.start(container_id)
    _prove(work, turn, container_id)
    work.serving.admit(container_id)


def _raise_current(work: _Work, turn: Turn) -> None:
    current = _current(turn)
    if turn.act != "prove":
        _write_files(work, current.labels)
    if turn.act == "start":
        with work.reporter.step(f"Start replica {turn.replica.index}"):
            work.engine.start(current.container_id)
    if turn.act == "restart":
        with work.reporter.step(f"Restart replica {turn.replica.index}"):
            work.serving.dismiss([current])
            _restart_once(work, current)
    _prove(work, turn, current.container_id)
    work.serving.admit(current.container_id)


def _stop_current(work: _Work, turn: Turn) -> None:
    with work.reporter.step(f"Stop replica {turn.replica.index}"):
        work.serving.dismiss([_current(turn)])
        work.engine.stop(_current(turn).container_id, timeout=work.order.spec.stop_timeout)


def _prove(work: _Work, turn: Turn, container_id: str) -> None:
    with work.reporter.step(f"Wait until replica {turn.replica.index} is healthy"):
        prove_healthy(
            engine=work.engine,
            container_id=container_id,
            health=work.order.spec.health,
            prober=work.prober,
            reporter=work.reporter,
        )


def _create(work: _Work, turn: Turn) -> str:
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


def _write_files(work: _Work, labels: Mapping[str, str]) -> Path | None:
    return write_files(work.order, labels, engine=work.engine, files=work.files, secrets=work.secrets)


def _restart_once(work: _Work, container: Container) -> None:
    if not is_marked(container, job=work.job):
        name = restart_name(container, job=work.job)
        work.engine.rename(container.container_id, name)
    work.engine.restart(container.container_id, timeout=work.order.spec.stop_timeout)


def _stop_former(work: _Work, containers: tuple[Container, ...]) -> None:
    for old in containers:
        if old.status in ("exited", "dead", "created"):
            continue
        with work.reporter.step(f"Stop {old.name}"):
            work.stopped.append(old)
            work.serving.dismiss([old])
            work.engine.stop(old.container_id, timeout=work.order.spec.stop_timeout)


def _remove_former(work: _Work, plan: Plan) -> None:
    _stop_former(work, plan.surplus if work.order.start_first else ())
    work.serving.settle(_wanted_running(work))
    for old in plan.former:
        work.engine.remove(old.container_id)
    keep_files(work.order, work.containers(), files=work.files)
    if not work.order.replicas:
        work.engine.remove_network(network_for(work.order), instance=work.instance)


def _take_back(work: _Work, plan: Plan) -> bool:
    """Removes the new containers and starts the former ones; True when former ones serve again.

    After an attempt that died half way, former containers found stopped are started too where the
    replica is wanted running: it was that attempt which stopped them. New ones that it left behind
    go only if there is a former one to serve instead.
    """
    with work.reporter.step("Take it back"):
        gone = set(work.made)
        back = {old.container_id for old in work.stopped}
        for turn in plan.turns:
            if turn.former and turn.replica.desired == "running":
                back |= {old.container_id for old in turn.former[:1]}
                gone |= {turn.current.container_id} if turn.current else set()
        for container_id in back:
            work.engine.start(container_id)
        work.serving.revert([one for one in work.containers() if one.container_id not in gone])
        for container_id in gone:
            work.engine.remove(container_id)
        keep_files(work.order, work.containers(), files=work.files)
        return bool(back)


def _problem(work: _Work, error: Unhealthy) -> Problem:
    """What the replica itself said last is the best evidence there is."""
    container = error.container
    evidence: list[str] = []
    with suppress(EngineError):
        tail = work.engine.tail(container.container_id, lines=EVIDENCE_LINES)
        evidence = [entry.text for entry in tail]
    for text in evidence:
        work.reporter.line("s", f"{container.name}: {text}")
    return Problem(
        code="out_of_memory" if container.oom_killed else "unhealthy",
        whose="user",
        message=f"{container.name} did not become healthy: {error.reason}",
        advice="Look at the container's last lines and at the health check.",
        evidence=evidence,
    )


def _current(turn: Turn) -> Container:
    if turn.current is None:
        raise AssertionError(f"{turn.act} without a container")
    return turn.current


def _wanted_running(work: _Work) -> list[Container]:
    """The containers of the replicas that are to run."""
    turns = make_plan(work.order, work.containers(), job=work.job).turns
    return [turn.current for turn in turns if turn.current is not None and turn.replica.desired == "running"]


def _result(work: _Work, *, reverted: bool = False) -> ServiceResult:
    """Each wanted replica as it stands now."""
    plan = make_plan(work.order, work.containers(), job=work.job)
    return ServiceResult(
        replicas=[
            ReplicaResult(
                replica=turn.replica.replica,
                container=turn.current.container_id if turn.current else None,
                state=state_of(turn.current) if turn.current else "stopped",
                ports=list(turn.current.ports) if turn.current else [],
            )
            for turn in plan.turns
        ],
        reverted=reverted,
    )
