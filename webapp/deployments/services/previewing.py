"""What a wish would do, before anybody asks for it: the same planner and the same gate, and nothing is changed."""

from dataclasses import dataclass

from django.utils.timezone import now

from webapp.deployments.comparing import Change, changes
from webapp.deployments.models import Deployment, Release, Service
from webapp.deployments.planning.gathering import Wish, desired_of, gather
from webapp.deployments.planning.planner import make_plan
from webapp.deployments.planning.plans import Plan
from webapp.deployments.services.deploying import promotion_wish, rollback_wish, wish_to_deploy
from webapp.deployments.services.gates import gates_for, refuse_closed_gates
from webapp.deployments.services.queueing import ahead_of
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.teams.policy import Actor


@dataclass(frozen=True)
class Preview:
    """A plan that nobody has asked for yet. `changes` is None where nothing ran before; `opens` says when it may start
    where that is not now, `ahead` whose end it would wait for.
    """

    plan: Plan
    approvals: int
    changes: list[Change] | None
    opens: str = ""
    ahead: Deployment | None = None


def preview_deploy(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    build: Build | None = None,
    release: Release | None = None,
) -> Preview:
    """As `deploy`, and raises what that raises."""
    wish = wish_to_deploy(service=service, environment=environment, build=build, release=release)
    return _preview(actor, service, environment, wish)


def preview_promotion(*, actor: Actor, deployment: Deployment) -> Preview:
    """As `promote`."""
    target, wish = promotion_wish(deployment)
    return _preview(actor, deployment.service, target, wish)


def preview_rollback(*, actor: Actor, deployment: Deployment) -> Preview:
    """As `roll_back`."""
    return _preview(actor, deployment.service, deployment.environment, rollback_wish(deployment))


def _preview(actor: Actor, service: Service, environment: Environment, wish: Wish) -> Preview:
    gates = gates_for(actor=actor, service=service, environment=environment, wish=wish, now=now())
    refuse_closed_gates(gates, environment=environment)
    plan = make_plan(gather(service=service, environment=environment, wish=wish))
    desired = desired_of(service, environment)
    before = desired.release if desired is not None else None
    after = wish.runs if isinstance(wish.runs, Release) else _unsaved(wish.runs, plan)
    return Preview(
        plan=plan,
        approvals=gates.approvals,
        changes=None if before is None else changes(before, after),
        opens=gates.closed.sentence if gates.closed is not None else "",
        ahead=ahead_of(service=service, environment=environment) if gates.approvals == 0 else None,
    )


def _unsaved(build: Build, plan: Plan) -> Release:
    """The release that would be frozen."""
    content = plan.content
    return Release(
        build=build,
        digest=content.digest,
        settings=dict(content.settings),
        variables=dict(content.variables),
        secrets={name: dict(secret) for name, secret in content.secrets.items()},
    )
