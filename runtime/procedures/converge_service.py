"""Brings one service in one environment on this host to the state the order wants.

Done twice it is done once; done half, by a worker that died, the next attempt finishes it;
cancelled or failed, the former containers serve again.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from runtime.contract.names import LABEL_ENVIRONMENT, LABEL_INSTANCE, LABEL_PROJECT
from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Problem, ReplicaResult, ServiceResult
from runtime.edge.base import Edge, EdgeError
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError, EngineTimeout, EngineUnavailable
from runtime.engine.facts import state_of
from runtime.health import Prober
from runtime.procedures.answers import answered
from runtime.procedures.converge_plan import OutdatedOrder, Plan, Turn, make_plan, network_for
from runtime.procedures.converge_waves import pace_of, waves_of
from runtime.procedures.converge_work import (
    Work,
    remove_former,
    stop_current,
    stop_former,
    take,
    take_back,
)
from runtime.procedures.fetch_image import ensure_image
from runtime.procedures.given_secrets import variables_of
from runtime.procedures.ports import Cancelled, ProcedureError, Reporter, SecretFiles, Secrets
from runtime.procedures.replica_volumes import ensure_volumes
from runtime.procedures.serving import Serving
from runtime.proving import Unhealthy
from runtime.redaction import Redactor

EVIDENCE_LINES = 20


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
    work = Work(
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
            if order.until == "stopped":
                stop_former(work, plan.former)
            else:
                _roll(work, plan)
        if order.until == "done":
            with reporter.step("Remove what is not wanted any more"):
                remove_former(work, plan)
        return _result(work)


def _plan(work: Work) -> Plan:
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
        "check": "its container is there, and is asked once more",
        "keep": "stays as it is",
        "stop": "its container is stopped",
        "none": "stays stopped",
    }
    takes_over = ", in the place of " + ", ".join(old.name for old in turn.former)
    return words[turn.act] + (takes_over if turn.former else "")


def _prepare(work: Work, plan: Plan) -> None:
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
    for turn in plan.turns:
        if turn.act == "create":
            ensure_volumes(work.order, turn.replica, engine=work.engine, instance=work.instance)
    work.engine.ensure_network(
        network_for(work.order),
        labels={
            LABEL_INSTANCE: work.instance,
            LABEL_PROJECT: work.order.project,
            LABEL_ENVIRONMENT: work.order.environment,
        },
    )


@contextmanager
def _taken_back_on_failure(work: Work, plan: Plan) -> Iterator[None]:
    """Leaves one complete release serving, whatever happens inside short of death."""
    try:
        yield
    except Cancelled as cancelled:
        reverted = take_back(work, plan)
        raise Cancelled(result=_result(work, reverted=reverted)) from cancelled
    except Unhealthy as error:
        problem = _problem(work, error)
        reverted = take_back(work, plan)
        raise ProcedureError(problem, result=_result(work, reverted=reverted)) from error
    except ProcedureError as error:
        reverted = take_back(work, plan)
        raise ProcedureError(error.problem, result=_result(work, reverted=reverted)) from error
    except (EngineUnavailable, EngineTimeout):
        # Nobody to take it back with; the next attempt finds what is there and goes on.
        raise
    except (EngineError, EdgeError) as error:
        reverted = take_back(work, plan)
        result = _result(work, reverted=reverted)
        raise ProcedureError(error.problem(), result=result) from error


def _roll(work: Work, plan: Plan) -> None:
    """Wave after wave. What nobody takes the place of goes first where nothing may be extra, else last."""
    pace = pace_of(work.order)
    if not pace.surge:
        stop_former(work, plan.surplus)
    for wave in waves_of(plan, pace):
        work.reporter.check_cancelled()
        take(work, wave)
    for turn in plan.turns:
        if turn.act == "stop":
            work.reporter.check_cancelled()
            stop_current(work, turn)
    if work.order.until == "done":
        stop_former(work, plan.former)


def _problem(work: Work, error: Unhealthy) -> Problem:
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


def _result(work: Work, *, reverted: bool = False) -> ServiceResult:
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
