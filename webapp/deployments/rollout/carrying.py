"""The steps of a deployment that are about data: a volume is packed on one host, unpacked on another, then mounted."""

from webapp.deployments.models import Deployment
from webapp.deployments.planning.plans import HostStep, Plan
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.problems import Conflicting
from webapp.volumes import services as volumes
from webapp.volumes.models import Backup, Volume


def give(deployment: Deployment, plan: Plan, step: HostStep) -> Job:
    """The job of a step that packs or unpacks a volume."""
    volume: Volume = Volume.objects.select_related("project", "environment", "host").get(id=step.volume)
    if step.act == "back_up":
        packed = volumes.order_backup(
            volume, log=deployment.log, requested_as=deployment.requested_as, deployment=deployment.id
        )
        return packed.job
    copy = volumes.copy_to(volume=volume, host=Host.objects.get(id=step.host), deployment=deployment.id)
    return volumes.order_restoration(copy=copy, backup=_backup(deployment, plan, volume), log=deployment.log)


def switch_before(deployment: Deployment, plan: Plan, position: int) -> None:
    """What was unpacked in the step before is mounted from this one on."""
    if position > 0 and plan.steps[position - 1].act == "restore":
        volumes.switch(deployment=deployment.id)


def only_letting_go(plan: Plan, position: int) -> bool:
    """Is the moved replica healthy where it goes by now? Then nothing turns back: the source only is let go."""
    return plan.kind == "move" and position == len(plan.steps) - 1


def _backup(deployment: Deployment, plan: Plan, volume: Volume) -> Backup:
    if plan.backup:
        found: Backup = Backup.objects.get(id=plan.backup)
        return found
    packed = Backup.objects.filter(deployment=deployment.id, volume=volume, state__in=("checking", "ready")).first()
    if packed is None:
        raise Conflicting(code="backup.missing", detail="The backup that this step unpacks is gone.")
    return packed
