"""Move a replica to another host with its data; give a volume the data of a backup. Deployments like any other."""

from webapp.deployments.models import Deployment, Replica, Service
from webapp.deployments.planning.gathering import Wish, desired_of
from webapp.deployments.services.changing import check_replica, desired_there
from webapp.deployments.services.request import submit
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.problems import Conflicting, Missing
from webapp.teams.policy import Actor, require
from webapp.volumes import rights
from webapp.volumes.models import Backup, Volume
from webapp.volumes.services.backing_up import refuse_gone


def move(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    replica: Replica,
    host: Host,
    comment: str = "",
    emergency: str = "",
) -> Deployment:
    """Run this replica on another host, cold where it has volumes: these are packed, unpacked there and compared.

    The source stays until the target is healthy, and starts again whatever fails before. Raises what `submit` does.
    """
    desired = desired_there(service, environment)
    check_replica(service, environment, replica)
    wish = Wish(kind="move", runs=desired.release, only=replica, to=host)
    return submit(
        actor=actor, service=service, environment=environment, wish=wish, comment=comment, emergency=emergency
    )


def restore(*, actor: Actor, volume: Volume, backup: Backup, comment: str = "", emergency: str = "") -> Deployment:
    """Let the replica that has this volume go on with the data of a backup, of this volume or of another one.

    What was in it stays in a volume beside, until that is deleted. Whoever may not read the backup's volume may not
    pour it into another. Raises `Conflicting` when nothing has the volume or the backup is not ready.
    """
    require(actor, rights.reading(backup.volume.environment), backup.volume.project)
    if backup.volume.project_id != volume.project_id:
        raise Missing(code="backup.missing", detail="The volume's project has no such backup.")
    refuse_gone(volume)
    if backup.state != "ready":
        raise Conflicting(code="backup.not_ready", detail=f"This backup is {backup.state}: there is no archive of it.")
    service = _service_of(volume)
    desired = desired_of(service, volume.environment)
    if desired is None or not volume.active:
        raise Conflicting(code="volume.unused", detail="Nothing runs that has this volume: deploy its service first.")
    wish = Wish(kind="restore", runs=desired.release, volume=volume, backup=backup)
    return submit(
        actor=actor,
        service=service,
        environment=volume.environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
    )


def _service_of(volume: Volume) -> Service:
    """Whose replica has it; of a shared one the first that has."""
    rows = Replica.objects.wanted().filter(environment=volume.environment).select_related("service__project__team")
    for row in rows.order_by("service__slug", "index"):
        mounts = {mount["name"]: mount["shared"] for mount in row.release.settings.get("volumes", [])}
        if mounts.get(volume.name) == (not volume.service) and volume.service in ("", row.service_id):
            found: Service = row.service
            return found
    raise Conflicting(code="volume.unused", detail="Nothing runs that has this volume: deploy its service first.")
