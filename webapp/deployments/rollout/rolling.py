"""How a deployment rolls: one host after the other, each by one job; when one fails, those done are brought back.

Every function here is called inside the transaction of a verb or of a job's change. What is wanted is changed host by
host, together with its job, so that rows and orders never tell different stories.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.timezone import now as clock

from runtime.contract import states
from runtime.contract.message import whole
from runtime.contract.reports import Problem
from webapp.deployments.models import Deployment, DeploymentJob, DesiredState, Release, Replica
from webapp.deployments.planning.plans import HostStep, Plan, PlannedReplica, read_plan
from webapp.deployments.rollout import ordering
from webapp.deployments.telling import show
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.logs import services as logs


def begin(*, deployment: Deployment, plan: Plan, now: datetime) -> None:
    """The environment now wants this plan; the first host gets its job."""
    generation = _want(deployment, release=deployment.release, replicas=plan.replicas, stopped=plan.stopped)
    Deployment.objects.filter(id=deployment.id).update(generation=generation, started_at=now)
    deployment.generation, deployment.started_at = generation, now
    _do(deployment, plan, plan.steps[0], position=0)


def advance(*, deployment: Deployment, position: int) -> None:
    """The host at this position is done: the next one, or the end."""
    plan = read_plan(deployment.plan)
    if deployment.ends_as:
        _bring_back_next(deployment, plan)
    elif position + 1 >= len(plan.steps):
        settle(deployment, state="succeeded")
    elif deployment.cancel_requested_at is not None:
        turn_back(deployment=deployment, position=position + 1, ends_as="cancelled", problem=None)
    else:
        _do(deployment, plan, plan.steps[position + 1], position=position + 1)


def turn_back(
    *, deployment: Deployment, position: int, ends_as: str, problem: dict[str, Any] | None, reverted: bool = False
) -> None:
    """The host at `position` did not get there: what is wanted is again what ran before, also on the hosts before it.

    `ends_as` is cancelled or rolled_back. `reverted`: that host says its former containers serve again.
    """
    plan = read_plan(deployment.plan)
    deployment.problem = problem
    deployment.ends_as = ends_as if plan.before is not None and position > 0 else ""
    Deployment.objects.filter(id=deployment.id).update(problem=problem, ends_as=deployment.ends_as)
    before = plan.before
    _want(
        deployment,
        release=deployment.previous or deployment.release,
        replicas=before.replicas if before is not None else 0,
        stopped=before.stopped if before is not None else False,
    )
    for step in plan.steps[position : position + 1]:
        _want_as_before(deployment, step)
    if before is None:
        for step in plan.steps[:position]:
            _want_as_before(deployment, step)
    if deployment.ends_as:
        _bring_back_next(deployment, plan)
    else:
        settle(deployment, state="cancelled" if ends_as == "cancelled" else "rolled_back" if reverted else "failed")


def bringing_back_failed(*, deployment: Deployment, host: Host) -> None:
    """A host could not be brought back: the deployment has failed; the reconciler goes on, for it and the rest."""
    plan = read_plan(deployment.plan)
    for step in _still_to_bring_back(deployment, plan):
        _place_as_before(deployment, step)
    logs.write(deployment.log, f"Host {host.name} could not be brought back; it is tried again until it can.")
    settle(deployment, state="failed")


def settle(deployment: Deployment, *, state: str, problem: Problem | None = None) -> bool:
    """End the deployment, by compare-and-set along the table; False when it had ended."""
    fields: dict[str, Any] = {"finished_at": clock()}
    if problem is not None:
        fields["problem"] = whole(problem)
    if not states.may_become(states.DEPLOYMENT, deployment.state, state):
        roll(deployment)
    if not move(deployment, state, **fields):
        return False
    logs.write(deployment.log, f"The deployment has ended: {state}.")
    logs.end_log(log=deployment.log, state=state)
    return True


def roll(deployment: Deployment) -> None:
    """A host works on it."""
    if deployment.state == "queued":
        move(deployment, "rolling")


def move(deployment: Deployment, state: str, **fields: object) -> bool:
    """One lawful step by compare-and-set; browsers hear of it."""
    if not states.may_become(states.DEPLOYMENT, deployment.state, state):
        return False
    if not Deployment.objects.filter(id=deployment.id, state=deployment.state).update(state=state, **fields):
        return False
    deployment.state = state
    for name, value in fields.items():
        setattr(deployment, name, value)
    show(deployment)
    return True


def _want(deployment: Deployment, *, release: Release, replicas: int, stopped: bool) -> int:
    """Change what is wanted; its new generation, which only ever rises."""
    row, made = DesiredState.objects.get_or_create(
        service=deployment.service,
        environment=deployment.environment,
        defaults={"release": release, "replicas": replicas, "stopped": stopped},
    )
    if made:
        return row.generation
    DesiredState.objects.filter(id=row.id).update(
        release=release, replicas=replicas, stopped=stopped, generation=F("generation") + 1, changed_at=clock()
    )
    row.refresh_from_db(fields=["generation"])
    return row.generation


def _do(deployment: Deployment, plan: Plan, step: HostStep, *, position: int) -> None:
    """One host's step: its rows and its job."""
    host = Host.objects.get(id=step.host)
    rows = place(
        deployment, release=deployment.release, host=host, wanted=step.replicas, generation=_generation(deployment)
    )
    restart = tuple(row.id for row, planned in zip(rows, step.replicas, strict=True) if planned.restart)
    _give(deployment, deployment.release, host, rows, position=position, restart=restart, start_first=plan.start_first)


def place(
    deployment: Deployment, *, release: Release, host: Host, wanted: Sequence[PlannedReplica], generation: int
) -> list[Replica]:
    """The rows of these replicas on this host: kept ones as they are, new ones made, all others unwanted."""
    here = Replica.objects.filter(service=deployment.service, environment=deployment.environment, host=host)
    kept = {row.id: row for row in here.filter(id__in=[planned.replica for planned in wanted if planned.replica])}
    here.exclude(id__in=kept).exclude(desired="gone").update(desired="gone")
    rows = []
    for planned in wanted:
        row = kept.get(planned.replica)
        if row is None:
            row = _new_row(deployment, release, host, planned, generation)
        elif row.desired != planned.desired:
            Replica.objects.filter(id=row.id).update(desired=planned.desired)
            row.desired = planned.desired
        rows.append(row)
    return rows


def _new_row(deployment: Deployment, release: Release, host: Host, planned: PlannedReplica, generation: int) -> Replica:
    return Replica.objects.create(
        service=deployment.service,
        environment=deployment.environment,
        release=release,
        generation=generation,
        host=host,
        index=planned.index,
        desired=planned.desired,
        state="stopped" if planned.desired == "stopped" else "pending",
        log=logs.open_log(project=deployment.service.project, kind="replica"),
    )


def _give(
    deployment: Deployment,
    release: Release,
    host: Host,
    rows: Sequence[Replica],
    *,
    position: int,
    restart: tuple[str, ...] = (),
    start_first: bool,
) -> Job:
    order = ordering.converge(
        release=release,
        deployment=deployment.id,
        generation=_generation(deployment),
        replicas=rows,
        restart=restart,
        start_first=start_first,
    )
    job = ordering.give(order=order, release=release, host=host, log=deployment.log)
    DeploymentJob.objects.create(deployment=deployment, position=position, job=job)
    return job


def _generation(deployment: Deployment) -> int:
    wanted = DesiredState.objects.filter(service=deployment.service, environment=deployment.environment)
    return wanted.values_list("generation", flat=True).get()


def _want_as_before(deployment: Deployment, step: HostStep) -> None:
    """The rows of one host as they were wanted before its step."""
    here = Replica.objects.filter(service=deployment.service, environment=deployment.environment, host_id=step.host)
    here.exclude(id__in=[copy.replica for copy in step.before]).exclude(desired="gone").update(desired="gone")
    for copy in step.before:
        here.filter(id=copy.replica).update(desired=copy.desired)


def _bring_back_next(deployment: Deployment, plan: Plan) -> None:
    """The last host that was done and not yet brought back gets its job; the end when there is none."""
    steps = _still_to_bring_back(deployment, plan)
    previous = deployment.previous
    if not steps or previous is None:
        settle(deployment, state=deployment.ends_as)
        return
    position = len(plan.steps) + _reached(deployment, plan) - len(steps)
    logs.write(deployment.log, f"Bringing host {steps[0].name} back to release {previous.number}.")
    rows = _place_as_before(deployment, steps[0])
    host = Host.objects.get(id=steps[0].host)
    _give(deployment, previous, host, rows, position=position, start_first=plan.start_first)


def _still_to_bring_back(deployment: Deployment, plan: Plan) -> list[HostStep]:
    """Hosts that were done, the last one first, without those that have their job back."""
    brought = DeploymentJob.objects.filter(deployment=deployment, position__gte=len(plan.steps)).count()
    done = plan.steps[: _reached(deployment, plan)]
    return list(reversed(done))[brought:]


def _reached(deployment: Deployment, plan: Plan) -> int:
    """How many hosts were done before the way back began."""
    forward = DeploymentJob.objects.filter(deployment=deployment, position__lt=len(plan.steps))
    return forward.filter(job__state="succeeded").count()


def _place_as_before(deployment: Deployment, step: HostStep) -> list[Replica]:
    """Rows for what ran on this host before its step: those that stayed, and new ones for those it removed."""
    stays = {planned.replica for planned in step.replicas if planned.replica}
    wanted = [
        copy if copy.replica in stays else PlannedReplica(index=copy.index, desired=copy.desired)
        for copy in step.before
    ]
    return place(
        deployment,
        release=deployment.previous or deployment.release,
        host=Host.objects.get(id=step.host),
        wanted=wanted,
        generation=_generation(deployment),
    )
