"""Who may do what at the endpoints and pages of volumes."""

from typing import Any

from django.utils.timezone import now

from tests.cast import Cast
from tests.deployments.rig import Harbour
from tests.deployments.rules import harbour_of
from tests.rest.walk import Rule
from webapp.deployments import services as deployments
from webapp.deployments.mounting import users
from webapp.holdings.services import noted
from webapp.teams.policy import SYSTEM
from webapp.volumes.models import Backup, Volume
from webapp.volumes.services import back_up

MOUNT = {"name": "data", "path": "/data", "read_only": False, "shared": False}
EVERYBODY = (200, 200, 200, 200, 200, 200)
MEMBERS = (404, 200, 200, 200, 200, 404)
DEVELOPERS_CHANGE = (404, 403, 200, 200, 200, 404)
DEVELOPERS_START = (404, 403, 202, 202, 202, 404)
DEVELOPERS_REMOVE = (404, 403, 204, 204, 204, 404)
NOT_READY = (404, 403, 409, 409, 409, 404)


def running(cast: Cast) -> Harbour:
    """One replica with a volume."""
    harbour = harbour_of(cast)
    deployments.change_service(
        actor=cast.actor("developer"), service=harbour.service, settings={"replicas": 1, "volumes": [MOUNT]}
    )
    harbour.deployed()
    return harbour


def a_volume(cast: Cast) -> dict[str, Any]:
    running(cast)
    return {"id": Volume.objects.get().id}


def a_volume_left(cast: Cast) -> dict[str, Any]:
    """That nobody has."""
    found = a_volume(cast)
    Volume.objects.update(active=False)
    return found


def a_backup(cast: Cast) -> dict[str, Any]:
    """That waits for its host."""
    running(cast)
    return {"id": back_up(actor=SYSTEM, volume=Volume.objects.get(), users=users).id}


def a_ready_backup(cast: Cast) -> dict[str, Any]:
    found = a_backup(cast)
    Backup.objects.update(state="ready", finished_at=now())
    return found


def a_volume_with_a_backup(cast: Cast) -> dict[str, Any]:
    a_ready_backup(cast)
    return {"id": Volume.objects.get().id}


def that_backup(cast: Cast) -> dict[str, Any]:
    return {"backup": Backup.objects.get(volume__project=cast.project).id}


def a_replica_to_move(cast: Cast) -> dict[str, Any]:
    harbour = running(cast)
    second = harbour.host("second", cast.dev)
    (replica,) = harbour.replicas()
    noted(host_id=second.id, image_id=replica.release.config_digest, size=1, now=now())
    return {"id": replica.id}


def to_the_second(cast: Cast) -> dict[str, Any]:
    return {"host": "second"}


def to_the_second_by_id(cast: Cast) -> dict[str, Any]:
    return {"host": cast.dev.hosts.get(name="second").id}


def its_name(cast: Cast) -> dict[str, Any]:
    return {"name": "data"}


def standing_still(cast: Cast) -> dict[str, Any]:
    return {"quiesce": "pause"}


def seven_kept(cast: Cast) -> dict[str, Any]:
    return {"keep_backups": 7}


RULES = (
    Rule("api_volumes", "get", EVERYBODY),
    Rule("api_volume", "get", MEMBERS, where=a_volume),
    Rule("api_volume", "patch", DEVELOPERS_CHANGE, where=a_volume, body=seven_kept),
    Rule("api_volume_deletion", "post", DEVELOPERS_START, where=a_volume_left, body=its_name),
    Rule("api_volume_backups", "get", MEMBERS, where=a_volume),
    Rule("api_volume_backups", "post", DEVELOPERS_START, where=a_volume, body=standing_still),
    Rule("api_volume_restoration", "post", DEVELOPERS_START, where=a_volume_with_a_backup, body=that_backup),
    Rule("api_backup", "get", MEMBERS, where=a_backup),
    Rule("api_backup", "delete", DEVELOPERS_REMOVE, where=a_ready_backup),
    Rule("api_backup_cancellation", "post", DEVELOPERS_START, where=a_backup),
    Rule("api_backup_archive", "get", NOT_READY, where=a_backup),
    Rule("api_replica_move", "post", DEVELOPERS_START, where=a_replica_to_move, body=to_the_second),
)
