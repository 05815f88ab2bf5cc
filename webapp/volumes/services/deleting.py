"""Delete a volume, with its name typed; and how many backups of one are kept."""

from django.db import transaction

from runtime.contract.orders import RemoveVolume
from webapp.findings import Findings
from webapp.jobs import services as jobs
from webapp.logs import services as logs
from webapp.problems import Conflicting, Invalid
from webapp.teams.policy import Actor, require
from webapp.volumes import rights
from webapp.volumes.models import UNDER_WAY, Volume
from webapp.volumes.services.backing_up import locked
from webapp.volumes.telling import tell_volume
from webapp.volumes.using import Users, refuse_used

MAX_KEPT = 100


def delete_volume(*, actor: Actor, volume: Volume, name: str, users: Users) -> Volume:
    """Have its host remove it with all that is in it; its backups stay until they are removed. Twice is once.

    `name` is the volume's, typed by who wants this. Raises `Invalid` for another, `Conflicting` while it is in use.
    """
    require(actor, rights.changing(volume.environment), volume.project)
    if name != volume.name:
        raise Invalid({"name": [f"Type {volume.name}, so that no other is meant."]})
    with transaction.atomic():
        volume = locked(volume)
        if volume.removed_at is not None or volume.removal_id is not None:
            return volume
        refuse_used(volume, users)
        if volume.backups.filter(state__in=UNDER_WAY).exists():
            raise Conflicting(code="backup.under_way", detail="A backup of it is under way: wait for its end.")
        log = logs.open_log(project=volume.project, kind="volume")
        order = RemoveVolume(volume=volume.id, name=volume.name)
        volume.removal = jobs.create_job(order=order, project=volume.project, host=volume.host, log=log)
        volume.active = False  # who comes meanwhile gets a new one
        volume.save(update_fields=["removal", "active"])
        tell_volume(actor=actor, action="volume.delete", volume=volume, before={"host": volume.host.name})
    return volume


def keep_backups(*, actor: Actor, volume: Volume, count: object) -> Volume:
    """So many backups of it are kept, the newest."""
    require(actor, rights.changing(volume.environment), volume.project)
    findings = Findings()
    kept = findings.whole(count, "keep_backups", low=1, high=MAX_KEPT)
    findings.settle()
    with transaction.atomic():
        volume = locked(volume)
        if volume.keep_backups != kept:
            before, volume.keep_backups = volume.keep_backups, kept
            volume.save(update_fields=["keep_backups"])
            tell_volume(
                actor=actor,
                action="volume.keep_backups",
                volume=volume,
                before={"keep_backups": before},
                after={"keep_backups": kept},
            )
    return volume
