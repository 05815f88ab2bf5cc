"""A deployment that has its approvals starts, as soon as its environment is open: exactly the plan, or not at all."""

from datetime import datetime

from django.db import transaction

from runtime.contract.reports import Problem
from webapp.deployments.models import Deployment
from webapp.deployments.planning.plans import read_plan
from webapp.deployments.rollout import rolling
from webapp.deployments.services import planning_again
from webapp.deployments.services.gates import skipped
from webapp.deployments.services.queueing import ahead_of
from webapp.logs import services as logs
from webapp.problems import Refusal
from webapp.teams.models import Membership
from webapp.teams.policy import ROLES, Action, actor_for_user, may

MOST_A_PASS = 100


def start_if_ready(deployment: Deployment, *, now: datetime) -> bool:
    """Start it where enough people say yes, the environment is open and nothing else is under way there; True when it
    left its waiting.

    The row must be locked. Facts that give another plan lose the approvals; those that give none end it with the
    reason. What it still waits for is in its log, and the control loop looks again.
    """
    if deployment.state != "awaiting_approval" or not has_enough(deployment):
        return False
    closed = deployment.environment.closed(now)
    if closed is not None:
        logs.write(deployment.log, f"It is approved. {deployment.environment.slug} {closed.why}.", closed.sentence)
        return False
    ahead = ahead_of(service=deployment.service, environment=deployment.environment)
    if ahead is not None:
        logs.write(deployment.log, f"It is approved, and waits for the end of deployment {ahead.id}.")
        return False
    problem = _requester_left(deployment) or _skips(deployment) or _unplannable(deployment)
    if problem is not None:
        logs.write(deployment.log, problem.message)
        return rolling.settle(deployment, state="failed", problem=problem)
    if planning_again.by_itself(deployment):
        return False
    moved = rolling.move(deployment, "queued")
    if moved:
        rolling.begin(deployment=deployment, plan=read_plan(deployment.plan), now=now)
    return moved


def run_once(now: datetime) -> int:
    """Let old approvals lapse, and start what has waited for its environment to open; how many started.

    For the control loop. What another deployment is in the way of is tried again.
    """
    started = 0
    waiting = Deployment.objects.filter(state="awaiting_approval", approvals__lapsed_at=None, approvals__approved=True)
    for row in waiting.distinct().order_by("created_at")[:MOST_A_PASS]:
        started += _look_at(row, now)
    return started


def has_enough(deployment: Deployment) -> bool:
    """Yeses of people who still have the right, against what was asked for then or is now, whichever is more."""
    yeses = deployment.approvals.filter(approved=True, plan_hash=deployment.plan_hash, lapsed_at=None)
    people = yeses.filter(user__in=approvers_of(deployment.service.project.team_id))
    barred = {deployment.requested_by_id, *deployment.authors}
    count = sum(person not in barred for person in people.values_list("user_id", flat=True))
    return count >= max(deployment.required_approvals, deployment.environment.required_approvals, 1)


def approvers_of(team_id: str) -> frozenset[str]:
    """The people of this team who may approve now, by id. One query."""
    roles = [role for role, actions in ROLES.items() if Action.APPROVE in actions]
    members = Membership.objects.filter(team=team_id, role__in=roles, user__is_active=True)
    return frozenset(members.values_list("user_id", flat=True))


def _look_at(row: Deployment, now: datetime) -> bool:
    with transaction.atomic():
        deployment = planning_again.locked(row)
        if deployment.state != "awaiting_approval":
            return False
        planning_again.lapse_old(deployment, now=now)
        ahead = ahead_of(service=deployment.service, environment=deployment.environment)
        if ahead is not None or deployment.environment.closed(now) is not None:
            return False
        return start_if_ready(deployment, now=now)


def _requester_left(deployment: Deployment) -> Problem | None:
    """Rights are asked again when it starts."""
    person = deployment.requested_by
    if person is None or (person.is_active and may(actor_for_user(person), Action.REQUEST, deployment.service.project)):
        return None
    return Problem(
        code="request.right_lost",
        whose="user",
        message=f"{deployment.requested_as} asked for this and may not any more.",
        advice="Somebody who may asks again.",
    )


def _skips(deployment: Deployment) -> Problem | None:
    """The environment may have been told since to take nothing that skipped the one before."""
    wish = planning_again.wish_of(deployment)
    said = skipped(service=deployment.service, environment=deployment.environment, wish=wish)
    if not said:
        return None
    return Problem(code="environment.skipped", whose="user", message=said, advice="Go by way of that environment.")


def _unplannable(deployment: Deployment) -> Problem | None:
    try:
        planning_again.fresh_plan(deployment)
    except Refusal as refusal:
        return Problem(
            code="plan.changed",
            whose="user",
            message="The approved plan cannot be carried out as it was: the facts have changed. "
            + " ".join([refusal.detail, *refusal.reasons]),
            advice="Ask again, so that the plan of now can be looked at.",
        )
    return None
