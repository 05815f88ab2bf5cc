"""Volumes that a restore or a move makes: beside the one in use, which they replace only when they are whole.

Every function here is called inside the transaction of a step of a deployment, whose id says whose copies they are.
"""

from runtime.contract.orders import RestoreVolume
from webapp.hosts.models import Host
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.volumes.models import Backup, Volume
from webapp.volumes.telling import show_volume


def copy_to(*, volume: Volume, host: Host, deployment: str) -> Volume:
    """A volume for the same place, not active yet. Of one deployment there is one, however often it is asked for."""
    copy, _ = Volume.objects.get_or_create(
        deployment=deployment,
        replaces=volume,
        defaults={
            "project": volume.project,
            "environment": volume.environment,
            "host": host,
            "name": volume.name,
            "service": volume.service,
            "service_slug": volume.service_slug,
            "index": volume.index,
            "active": False,
            "keep_backups": volume.keep_backups,
        },
    )
    return copy


def order_restoration(*, copy: Volume, backup: Backup, log: Log) -> Job:
    """The job that makes the copy of this backup."""
    order = RestoreVolume(
        volume=copy.id,
        name=copy.name,
        project=copy.project_id,
        environment=copy.environment_id,
        digest=backup.digest,
        size=backup.size,
        entries=backup.entries,
        unpacked=backup.unpacked,
        tree=backup.tree,
    )
    return jobs.create_job(order=order, project=copy.project, host=copy.host, log=log)


def switch(*, deployment: str) -> None:
    """The copies of this deployment are what containers mount from now on. Twice is once."""
    for copy in _copies(deployment):
        Volume.objects.filter(id=copy.replaces_id).update(active=False)
        Volume.objects.filter(id=copy.id).update(active=True)
        show_volume(copy)


def switch_back(*, deployment: str) -> None:
    """What the copies were made for is in use again. Twice is once."""
    for copy in _copies(deployment):
        Volume.objects.filter(id=copy.id).update(active=False)
        Volume.objects.filter(id=copy.replaces_id, removal=None, removed_at=None).update(active=True)
        show_volume(copy)


def _copies(deployment: str) -> list[Volume]:
    return list(Volume.objects.filter(deployment=deployment).exclude(replaces=None).select_related("project"))
