"""Pages of a deployment: its plan, approvals, steps per host, replicas, what changed, the log; and what may be done."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now

from runtime.contract import states
from webapp.deployments import services
from webapp.deployments.board.evidence import evidence
from webapp.deployments.board.story import story, turning_point
from webapp.deployments.board.waits import missing_approvals
from webapp.deployments.models import UNDER_WAY, Approval, Deployment, Replica
from webapp.deployments.outcome import outcome
from webapp.deployments.planning.gathering import desired_of
from webapp.deployments.services.authors import names_of
from webapp.deployments.services.queueing import ahead_of
from webapp.deployments.services.starting import approvers_of
from webapp.environments.models import Environment
from webapp.page import PageRequest, find, look, verb
from webapp.teams.policy import Action, Actor, actions_in

EVIDENCE_LINES = 40
SHOWN_REPLICAS = 200


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """The whole story."""
    deployment = load(request, id)
    facts = _facts(request.actor, deployment)
    facts["sheet"] = evidence(deployment)
    return render(request, "deployments/show.html", facts)


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """What lives of it: state, steps, replicas, approvals."""
    return render(request, "deployments/part.html", _facts(request.actor, load(request, id)))


@verb
def cancel(request: PageRequest, id: str) -> HttpResponse:
    """Take it back."""
    done = services.cancel(actor=request.actor, deployment=load(request, id))
    messages.success(request, "It is cancelled." if done.state == "cancelled" else "It will be cancelled.")
    return redirect("deployment", done.id)


@verb
def promote(request: PageRequest, id: str) -> HttpResponse:
    """The same digest one environment further."""
    deployment, emergency = load(request, id), emergency_of(request)
    made = services.promote(actor=request.actor, deployment=deployment, emergency=emergency, queue=True)
    return redirect("deployment", made.id)


@verb
def roll_back(request: PageRequest, id: str) -> HttpResponse:
    """What ran before it."""
    deployment, emergency = load(request, id), emergency_of(request)
    made = services.roll_back(actor=request.actor, deployment=deployment, emergency=emergency, queue=True)
    return redirect("deployment", made.id)


def emergency_of(request: PageRequest) -> str:
    """The reason, where the form says that it cannot wait; '' where it says nothing."""
    return request.POST.get("emergency", "").strip()


def load(request: PageRequest, id: str) -> Deployment:
    """The deployment with what its pages and verbs need, or 404."""
    rows = Deployment.objects.visible_to(request.actor).select_related(
        "service__project__team", "environment", "release__build__log", "release__build__job", "previous__build", "log",
        "requested_by", "reviewed_by",
    )  # fmt: skip
    deployment: Deployment = find(rows, id)
    return deployment


def _facts(actor: Actor, deployment: Deployment) -> dict[str, Any]:
    project = deployment.service.project
    allowed = actions_in(actor, project.team_id, project_id=project.id)
    own = actor.person_id() == deployment.requested_by_id
    approvals = list(deployment.approvals.select_related("user"))
    chapters = story(deployment)
    waits = deployment.state == "awaiting_approval"
    patience = timedelta(hours=deployment.environment.approval_hours)
    person = actor.person_id()
    said = any(approval.user_id == person and approval.lapsed_at is None for approval in approvals)
    author = person in deployment.authors
    closed = deployment.environment.closed(now()) if waits else None
    ended = states.is_terminal(states.DEPLOYMENT, deployment.state)
    changes_there = Action.DEPLOY_PROTECTED if deployment.environment.protected else Action.DEPLOY
    asks = Action.DEPLOY if not deployment.environment.protected else Action.REQUEST
    return {
        "deployment": deployment,
        "project": project,
        "chapters": chapters,
        "turning": turning_point(chapters),
        "replicas": _replicas(deployment),
        "approvals": approvals,
        "given": sum(approval.approved and approval.lapsed_at is None for approval in approvals),
        "lapse": {approval.id: approval.created_at + patience for approval in approvals if approval.lapsed_at is None},
        "closed": closed,
        "opens": closed.sentence if closed is not None else "",
        "authors": names_of(deployment) if waits or deployment.review_owed else [],
        "replans": waits and asks in allowed,
        "hurries": waits and Action.EMERGENCY in allowed and actor.user is not None,
        "reviews": deployment.review_owed and Action.APPROVE in allowed and not own and not author,
        "waits": waits,
        "ahead": _ahead(deployment),
        "ended": ended,
        "outcome": outcome(deployment, desired=desired_of(deployment.service, deployment.environment), ended=ended),
        "verdict": waits and Action.APPROVE in allowed and not own and not author and not said,
        "own_request": waits and own,
        "own_change": waits and author and not own and Action.APPROVE in allowed,
        "nobody": waits and _nobody_may(deployment, approvals),
        "cancels": not ended
        and deployment.cancel_requested_at is None
        and (changes_there in allowed or (waits and own and Action.REQUEST in allowed)),
        "promotes": deployment.state == "succeeded" and _further(allowed, deployment),
        "rolls_back": ended and deployment.previous is not None and asks in allowed,
        "evidence": ((deployment.problem or {}).get("evidence") or [])[-EVIDENCE_LINES:],
    }


def _ahead(deployment: Deployment) -> Deployment | None:
    """Whose end it waits for."""
    if deployment.state != "in_line":
        return None
    return ahead_of(service=deployment.service, environment=deployment.environment)


def _nobody_may(deployment: Deployment, approvals: list[Approval]) -> bool:
    """Are there too few people for the approvals that are missing?"""
    yes = [approval.user_id for approval in approvals if approval.approved and approval.lapsed_at is None]
    return not missing_approvals(deployment, yes, approvers_of(deployment.service.project.team_id))[1]


def _further(allowed: frozenset[Action], deployment: Deployment) -> str:
    """The slug of the environment it may be promoted to, or ''."""
    target = services.next_environment(deployment.environment)
    if target is None or _is_there(deployment, target):
        return ""
    needed = Action.REQUEST if target.required_approvals else Action.DEPLOY_PROTECTED
    return target.slug if (needed if target.protected else Action.DEPLOY) in allowed else ""


def _is_there(deployment: Deployment, target: Environment) -> bool:
    """Does the same build run there, or is it on its way there?"""
    digest = deployment.release.digest
    there = desired_of(deployment.service, target)
    asked = Deployment.objects.filter(service=deployment.service, environment=target, release__digest=digest)
    same = there is not None and there.release.digest == digest
    return same or asked.filter(state__in=("awaiting_approval", "in_line", *UNDER_WAY)).exists()


def _replicas(deployment: Deployment) -> list[Replica]:
    rows = Replica.objects.filter(
        service=deployment.service_id, environment=deployment.environment_id, release=deployment.release_id
    )
    return list(rows.wanted().select_related("host").order_by("index", "-created_at")[:SHOWN_REPLICAS])
