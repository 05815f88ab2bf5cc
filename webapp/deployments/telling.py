"""What every verb of this room says of a deployment or service: to the trail and to the browsers."""

from typing import Any

from webapp.audit import services as audit
from webapp.deployments.models import Deployment, Replica, Service
from webapp.jobs.broadcast import changed
from webapp.teams.policy import Actor


def tell_service(*, actor: Actor, action: str, service: Service, before: Any = None, after: Any = None) -> None:
    """Entry in the trail and signal for something done to a service."""
    project = service.project
    target = ("service", service.id, f"{project.slug}/{service.slug}")
    audit.record_of(project, actor=actor, action=action, target=target, before=before, after=after)
    changed(kind="service", id=service.id, state=action.removeprefix("service."), project_id=project.id)


def tell_deployment(
    *, actor: Actor, action: str, deployment: Deployment, after: dict[str, Any] | None = None, reason: str = ""
) -> None:
    """Entry in the trail and signal for something done to a deployment."""
    project = deployment.service.project
    name = f"{project.slug}/{deployment.service.slug} in {deployment.environment.slug}"
    target = ("deployment", deployment.id, name)
    audit.record_of(project, actor=actor, action=action, target=target, after=after, reason=reason)
    show(deployment)


def show(deployment: Deployment) -> None:
    """Tell browsers the deployment's state."""
    project_id = deployment.service.project_id
    changed(kind="deployment", id=deployment.id, state=deployment.state, project_id=project_id)


def show_replica(replica: Replica) -> None:
    """Tell browsers the replica's state."""
    changed(kind="replica", id=replica.id, state=replica.state, project_id=replica.service.project_id)
