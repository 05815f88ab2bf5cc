"""What every verb of this room says of a volume: to the trail and to the browsers."""

from typing import Any

from webapp.audit.services import record_of
from webapp.jobs.broadcast import changed
from webapp.teams.policy import Actor
from webapp.volumes.models import Backup, Volume


def tell_volume(*, actor: Actor, action: str, volume: Volume, after: Any = None, before: Any = None) -> None:
    """Entry in the trail and signal for something done to a volume."""
    name = f"{volume.project.slug}/{volume.environment.slug}: {volume}"
    target = ("volume", volume.id, name)
    record_of(volume.project, actor=actor, action=action, target=target, before=before, after=after)
    show_volume(volume)


def show_volume(volume: Volume) -> None:
    """Tell browsers that it is another now."""
    changed(kind="volume", id=volume.id, state="", project_id=volume.project_id)


def show_backup(backup: Backup) -> None:
    """Tell browsers the backup's state."""
    changed(kind="backup", id=backup.id, state=backup.state, project_id=backup.volume.project_id)
