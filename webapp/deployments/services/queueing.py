"""One deployment of a service at a time in an environment; one more may stand in line: the newest that asked to.

It was planned against what ran when it was asked for, so it is planned anew when its turn comes, and meets the gates
of then.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from runtime.contract.reports import Problem
from webapp.deployments.models import UNDER_WAY, Deployment, Service
from webapp.deployments.planning.plans import read_plan
from webapp.deployments.rollout import rolling
from webapp.deployments.services import planning_again
from webapp.deployments.services.gates import gates_for, refuse_closed_gates
from webapp.environments.models import Environment
from webapp.images.services import hold_to_run
from webapp.logs import services as logs
from webapp.problems import Conflicting, Forbidden, Refusal
from webapp.teams.policy import Actor, actor_for_token, actor_for_user

MOST_A_PASS = 100
NEXT = "in_line"


def ahead_of(*, service: Service, environment: Environment, but: Deployment | None = None) -> Deployment | None:
    """The deployment of this service that is under way there, if there is one."""
    others = Deployment.objects.filter(service=service, environment=environment, state__in=UNDER_WAY)
    return others.exclude(id=but.id if but is not None else "").select_related("release").first()


def refuse_second(*, service: Service, environment: Environment, but: Deployment | None = None) -> None:
    """Raise `Conflicting` naming the deployment of this service that is under way there, if there is one."""
    first = ahead_of(service=service, environment=environment, but=but)
    if first is not None:
        raise second_to(first)


def second_to(first: Deployment) -> Conflicting:
    """What is said to who comes second and does not stand in line."""
    return Conflicting(
        code="deployment.under_way",
        detail=f"Deployment {first.id} ({first.kind}, release {first.release.number}, asked for by "
        f"{first.requested_as}) is {first.state} there: wait for its end, cancel it, or ask to stand in line.",
    )


def run_once(now: datetime) -> int:
    """Start what stands in line where nothing is under way any more; how many started. For the control loop."""
    here = Deployment.objects.filter(
        service=OuterRef("service"), environment=OuterRef("environment"), state__in=UNDER_WAY
    )
    rows = Deployment.objects.filter(~Exists(here), state=NEXT).order_by("created_at")[:MOST_A_PASS]
    return sum(_start(row, now) for row in rows)


def _start(row: Deployment, now: datetime) -> bool:
    """By the facts, the rights and the gates of now; it ends with the reason where these do not let it."""
    with transaction.atomic():
        deployment = planning_again.locked(row)
        if deployment.state != NEXT or ahead_of(service=deployment.service, environment=deployment.environment):
            return False
        try:
            _meet_gates(deployment, now)
            planning_again.fresh_plan(deployment)
        except Refusal as refusal:
            problem = _told(refusal)
            logs.write(deployment.log, problem.message)
            rolling.settle(deployment, state="failed", problem=problem)
            return False
        planning_again.by_itself(deployment)
        logs.write(deployment.log, "It is its turn.")
        rolling.move(deployment, "queued")
        rolling.begin(deployment=deployment, plan=read_plan(deployment.plan), now=now)
    return True


def _meet_gates(deployment: Deployment, now: datetime) -> None:
    """Raises what keeps it out now. An emergency went past all but the rights."""
    service, environment, actor = deployment.service, deployment.environment, _actor_of(deployment)
    wish = planning_again.wish_of(deployment)
    gates = gates_for(actor=actor, service=service, environment=environment, wish=wish, now=now)
    hold_to_run(actor=actor, build=deployment.release.build)
    if deployment.emergency:
        return
    refuse_closed_gates(gates, environment=environment)
    if gates.approvals:
        raise Conflicting(
            code="environment.protected", detail=f"{environment.slug} asks for approvals since: ask for it again."
        )


def _actor_of(deployment: Deployment) -> Actor:
    """Who asked, with the rights of now. Raises `Forbidden` for who cannot ask any more."""
    person, token = deployment.requested_by, deployment.token
    if token is not None and token.is_live():
        return actor_for_token(token)
    if token is None and person is not None and person.is_active:
        return actor_for_user(person)
    raise Forbidden(code="request.right_lost", detail=f"{deployment.requested_as} may not ask for this any more.")


def _told(refusal: Refusal) -> Problem:
    return Problem(
        code=refusal.code,
        whose="user",
        message=" ".join(["When its turn came it could not start.", refusal.detail, *refusal.reasons]),
        advice="Ask again.",
    )
