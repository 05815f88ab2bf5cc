"""Change how what runs is run: how many copies, stopped or not, started afresh. Each is a deployment like any other."""

from webapp.deployments.models import Deployment, DesiredState, Replica, Service
from webapp.deployments.planning.gathering import Wish, desired_of
from webapp.deployments.planning.plans import Kind
from webapp.deployments.services.gates import required_approvals
from webapp.deployments.services.request import submit
from webapp.deployments.settings.numbers import clean_replicas
from webapp.environments.models import Environment
from webapp.problems import Conflicting, Missing
from webapp.teams.policy import Actor


def scale(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    replicas: int,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """Run this many copies of what runs. Raises `Conflicting` when nothing does."""
    count = clean_replicas(replicas)
    desired = desired_there(service, environment)
    wish = Wish(kind="scale", runs=desired.release, replicas=count)
    return submit(
        actor=actor,
        service=service,
        environment=environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def duplicate(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    replica: Replica,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """One copy more of what this replica is one of."""
    check_replica(service, environment, replica)
    count = desired_there(service, environment).replicas + 1
    return scale(
        actor=actor,
        service=service,
        environment=environment,
        replicas=count,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def delete_replica(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    replica: Replica,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """One copy less: this one goes, the others stay as they are. The last one is stopped instead: `Conflicting`."""
    required_approvals(actor=actor, project=service.project, environment=environment)
    check_replica(service, environment, replica)
    desired = desired_there(service, environment)
    if desired.replicas < 2:
        raise Conflicting(code="replica.last", detail="This is the last replica. Stop it, or delete the service.")
    wish = Wish(kind="scale", runs=desired.release, replicas=desired.replicas - 1, without=replica)
    return submit(
        actor=actor,
        service=service,
        environment=environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def restart(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    replica: Replica | None = None,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """Restart every container, or one replica's; what was stopped runs again."""
    wish = _wish("restart", service, environment, replica)
    return submit(
        actor=actor,
        service=service,
        environment=environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def stop(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    replica: Replica | None = None,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """Stop every container, or one replica's; the containers stay, to be started again."""
    wish = _wish("stop", service, environment, replica)
    return submit(
        actor=actor,
        service=service,
        environment=environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def start(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    replica: Replica | None = None,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """Start what was stopped, all of it or one replica."""
    wish = _wish("start", service, environment, replica)
    return submit(
        actor=actor,
        service=service,
        environment=environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def _wish(kind: Kind, service: Service, environment: Environment, replica: Replica | None) -> Wish:
    desired = desired_there(service, environment)
    if replica is not None:
        check_replica(service, environment, replica)
    return Wish(kind=kind, runs=desired.release, only=replica)


def desired_there(service: Service, environment: Environment) -> DesiredState:
    """What runs there. Raises `Conflicting` when nothing does, `Missing` for another project's environment."""
    if environment.project_id != service.project_id:
        raise Missing(code="environment.missing", detail="The service's project has no such environment.")
    desired = desired_of(service, environment)
    if desired is None:
        raise Conflicting(
            code="service.not_deployed", detail=f"{service.slug} does not run in {environment.slug}: deploy it first."
        )
    return desired


def check_replica(service: Service, environment: Environment, replica: Replica) -> None:
    """Raises `Missing` when it is none of this service there, `Conflicting` when it is gone."""
    if (replica.service_id, replica.environment_id) != (service.id, environment.id):
        raise Missing(code="replica.missing", detail="The service has no such replica there.")
    replica.refresh_from_db(fields=["desired"])
    if replica.desired == "gone":
        raise Conflicting(code="replica.gone", detail="This replica is gone: another has taken its place.")
