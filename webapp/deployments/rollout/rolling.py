"""How a deployment rolls: one host after the other, each by one job; when one fails, those done are brought back.

Every function here is called inside the transaction of a verb or of a job's change. What is wanted is changed host by
host, together with its job, so that rows and orders never tell different stories.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.timezone import now as clock

from runtime.contract import states
from runtime.contract.message import whole
from runtime.contract.reports import Problem
from webapp.deployments.models import Deployment, DeploymentJob, Release, Replica
from webapp.deployments.planning.plans import HostStep, Plan, read_plan
from webapp.deployments.rollout import carrying, ordering, rows
from webapp.deployments.telling import show
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.volumes import services as volumes


def begin(*, deployment: Deployment, plan: Plan, now: datetime) -> None:
    """The environment now wants this plan; the first host gets its job."""
    generation = rows.want(deployment, release=deployment.release, replicas=plan.replicas, stopped=plan.stopped)
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
    elif deployment.cancel_requested_at is not None and not carrying.only_letting_go(plan, position + 1):
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
    before = plan.before
    stuck = plan.steps[position]
    volumes.switch_back(deployment=deployment.id)
    deployment.problem = problem
    deployment.ends_as = ends_as if before is not None and _still_to_bring_back(deployment, plan) else ""
    Deployment.objects.filter(id=deployment.id).update(problem=problem, ends_as=deployment.ends_as)
    rows.want(
        deployment,
        release=deployment.previous or deployment.release,
        replicas=before.replicas if before is not None else 0,
        stopped=before.stopped if before is not None else False,
    )
    for step in [stuck] if before is not None else plan.steps[: position + 1]:
        if step.act == "converge":
            rows.want_as_before(deployment, step)
    if deployment.ends_as:
        _bring_back_next(deployment, plan)
        return
    whole = reverted or (before is not None and not stuck.before)
    settle(deployment, state="cancelled" if ends_as == "cancelled" else "rolled_back" if whole else "failed")


def bringing_back_failed(*, deployment: Deployment, host: Host) -> None:
    """A host could not be brought back: the deployment has failed; the reconciler goes on, for it and the rest."""
    plan = read_plan(deployment.plan)
    for step in _still_to_bring_back(deployment, plan):
        _rows_as_before(deployment, plan, step)
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


def _do(deployment: Deployment, plan: Plan, step: HostStep, *, position: int) -> None:
    """One host's step: its rows and its job. A host left unheard gets none, and hears by the reconciler."""
    if step.act != "converge":
        job = carrying.give(deployment, plan, step)
        DeploymentJob.objects.create(deployment=deployment, position=position, job=job)
        return
    carrying.switch_before(deployment, plan, position)
    host = Host.objects.get(id=step.host)
    if not step.told:
        rows.place(deployment, release=deployment.release, host=host, wanted=())
        logs.write(deployment.log, f"Host {host.name} is not heard: what it still runs is removed when it is.")
        advance(deployment=deployment, position=position)
        return
    wanted = rows.place(
        deployment,
        release=deployment.release,
        host=host,
        wanted=step.replicas,
        others_stay=step.until != "done",
    )
    restart = tuple(row.id for row, planned in zip(wanted, step.replicas, strict=True) if planned.restart)
    pace: ordering.Pace = {**_pace(plan), "until": step.until}
    if step.leaving:
        pace["leaving"] = True
    _give(deployment, deployment.release, host, wanted, position=position, restart=restart, pace=pace)


def _give(
    deployment: Deployment,
    release: Release,
    host: Host,
    wanted: Sequence[Replica],
    *,
    position: int,
    restart: tuple[str, ...] = (),
    pace: ordering.Pace,
) -> Job:
    order = ordering.converge(
        release=release,
        deployment=deployment.id,
        generation=rows.generation_of(deployment),
        replicas=wanted,
        restart=restart,
        at=pace,
    )
    job = ordering.give(order=order, release=release, host=host, log=deployment.log)
    DeploymentJob.objects.create(deployment=deployment, position=position, job=job)
    return job


def _bring_back_next(deployment: Deployment, plan: Plan) -> None:
    """The next host that is not as it was gets its job; the end when there is none."""
    steps = _still_to_bring_back(deployment, plan)
    previous = deployment.previous
    if not steps or previous is None:
        settle(deployment, state=deployment.ends_as)
        return
    position = len(plan.steps) + _brought(deployment, plan)
    logs.write(deployment.log, f"Bringing host {steps[0].name} back to release {previous.number}.")
    wanted = _rows_as_before(deployment, plan, steps[0])
    host = Host.objects.get(id=steps[0].host)
    _give(deployment, previous, host, wanted, position=position, pace=_pace(plan))


def _still_to_bring_back(deployment: Deployment, plan: Plan) -> list[HostStep]:
    """Hosts that did something, the last one first, without those that have their job back.

    The one that stopped the way comes at the end: it has gone back by itself, or can hardly be spoken to.
    """
    forward = _forward(deployment, plan)
    done = [plan.steps[position] for position, state in sorted(forward.items()) if state == "succeeded"]
    stuck = {plan.steps[position].host for position, state in forward.items() if state != "succeeded"}
    steps = {step.host: step for step in done if step.act == "converge"}  # of two steps the last
    order = list(reversed(steps.values()))
    order.sort(key=lambda step: step.host in stuck)
    return order[_brought(deployment, plan) :]


def _rows_as_before(deployment: Deployment, plan: Plan, step: HostStep) -> list[Replica]:
    """Nothing was removed on a host that has not done its last step: its former replicas are as they were."""
    forward = _forward(deployment, plan)
    done = any(
        state == "succeeded" and plan.steps[position].until == "done" and plan.steps[position].host == step.host
        for position, state in forward.items()
    )
    return rows.place_as_before(deployment, step) if done else rows.want_as_before(deployment, step)


def _forward(deployment: Deployment, plan: Plan) -> dict[int, str]:
    """The states of the jobs on the way forward, by position."""
    links = DeploymentJob.objects.filter(deployment=deployment, position__lt=len(plan.steps))
    return dict(links.values_list("position", "job__state"))


def _brought(deployment: Deployment, plan: Plan) -> int:
    """How many hosts have their job back."""
    return DeploymentJob.objects.filter(deployment=deployment, position__gte=len(plan.steps)).count()


def _pace(plan: Plan) -> ordering.Pace:
    return ordering.pace(start_first=plan.start_first, surge=plan.surge, unavailable=plan.unavailable)
