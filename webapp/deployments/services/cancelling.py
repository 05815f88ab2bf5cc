"""Take a wish back: at once while it waits, by way of the host while it rolls."""

from django.db import transaction
from django.utils.timezone import now

from runtime.contract import states
from webapp.deployments.models import Deployment, DeploymentJob
from webapp.deployments.rollout import follow, rolling
from webapp.deployments.services.planning_again import locked
from webapp.deployments.telling import tell_deployment
from webapp.jobs import services as jobs
from webapp.problems import Conflicting
from webapp.teams.policy import Action, Actor, require


def cancel(*, actor: Actor, deployment: Deployment) -> Deployment:
    """A waiting deployment is cancelled at once; a rolling one stops, and what ran before is wanted again.

    Twice is once. Raises `Conflicting` when it has ended otherwise.
    """
    _guard(actor, deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        if deployment.state == "cancelled" or deployment.cancel_requested_at is not None:
            return deployment
        if states.is_terminal(states.DEPLOYMENT, deployment.state):
            raise Conflicting(code="deployment.ended", detail=f"This deployment has ended: {deployment.state}.")
        if deployment.ends_as:
            raise Conflicting(code="deployment.turning_back", detail="This deployment failed and is being taken back.")
        moment = now()
        Deployment.objects.filter(id=deployment.id).update(cancel_requested_at=moment)
        deployment.cancel_requested_at = moment
        tell_deployment(actor=actor, action="deployment.cancel", deployment=deployment)
        if deployment.state in ("awaiting_approval", "in_line"):
            rolling.settle(deployment, state="cancelled")
            return deployment
        link = DeploymentJob.objects.select_related("job").filter(deployment=deployment).last()
        if link is not None:
            follow.job_changed(jobs.request_cancel(job=link.job, now=moment))
    deployment.refresh_from_db()
    return deployment


def _guard(actor: Actor, deployment: Deployment) -> None:
    """In a protected environment: one's own waiting wish, or the right to change what runs there."""
    project = deployment.service.project
    if not deployment.environment.protected:
        require(actor, Action.DEPLOY, project)
    elif deployment.state == "awaiting_approval" and actor.person_id() == deployment.requested_by_id:
        require(actor, Action.REQUEST, project)
    else:
        require(actor, Action.DEPLOY_PROTECTED, project)
