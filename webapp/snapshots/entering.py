"""Who may look into a replica's files: who may enter its environment. And whether there is a container to look into."""

from webapp.deployments.models import Replica
from webapp.hosts.wording import why_not_ready
from webapp.problems import Conflicting, Unplannable
from webapp.teams.policy import Action, Actor, may, require


def require_entry(actor: Actor, replica: Replica) -> None:
    """Raise `Forbidden` unless the actor may enter containers of the replica's environment."""
    require(actor, _action(replica), replica.service.project)


def may_enter(actor: Actor, replica: Replica) -> bool:
    """The same as a question."""
    return may(actor, _action(replica), replica.service.project)


def require_container(replica: Replica) -> None:
    """Raise `Conflicting` when there is no container, `Unplannable` when its host takes no orders now."""
    if not replica.container or replica.desired == "gone":
        raise Conflicting(
            code="replica.no_container",
            detail="This replica has no container (any more). Look at one that runs now.",
        )
    host = replica.host
    if host.state != "ready":
        raise Unplannable(
            code="replica.host_away",
            detail=f"Only its own host reaches the container: host {host.name} {why_not_ready(host.state)}",
        )


def _action(replica: Replica) -> Action:
    return Action.ENTER_PROTECTED if replica.environment.protected else Action.ENTER
