"""What a job's way means for its deployment, host by host. Called inside the transaction that changed the job.

Late, repeated and unlawful words change nothing: a job's end counts once, for the host that is in turn.
"""

from typing import Any

from django.utils.timezone import now

from runtime.contract import states
from runtime.contract.message import whole
from runtime.contract.reports import Finish, Progress, ServiceResult
from webapp.deployments.models import DeploymentJob, Replica
from webapp.deployments.planning.plans import read_plan
from webapp.deployments.rollout import carrying, repairing, rolling
from webapp.deployments.rollout.seeing import CONTAINER_ID, ports_of, see
from webapp.deployments.telling import show
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.volumes import follow as volumes_follow
from webapp.volumes import services as volumes


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """Bring the deployment of this job on: rolling, the next host, the end, the way back. Broadcasts on commit."""
    links = DeploymentJob.objects.select_related(
        "deployment__service__project", "deployment__environment", "deployment__release", "deployment__previous",
        "deployment__log",
    )  # fmt: skip
    link = links.filter(job_id=job.id).first()
    if finish is not None and isinstance(finish.result, ServiceResult):
        keep_result(job, finish.result)
    if link is None:
        repairing.job_changed(job)
        return
    deployment = link.deployment
    if states.is_terminal(states.DEPLOYMENT, deployment.state) or _is_past(link):
        return
    if job.state in ("claimed", "running"):
        rolling.roll(deployment)
    elif job.state == "succeeded":
        rolling.roll(deployment)
        rolling.advance(deployment=deployment, position=link.position)
    elif job.state in ("failed", "cancelled"):
        if carrying.only_letting_go(read_plan(deployment.plan), link.position):
            logs.write(deployment.log, f"Host {job.host.name} did not let go yet; it is told again until it has.")
            rolling.settle(deployment, state="succeeded")
        else:
            _turn_back(link, job, finish)
    if progress is not None or job.state in ("queued", "lost"):
        show(deployment)


def volume_job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """The same for a job that packs or unpacks a volume: its room first, then the deployment that it is a step of."""
    volumes_follow.job_changed(job, progress=progress, finish=finish)
    if DeploymentJob.objects.filter(job_id=job.id).exists():
        job_changed(job, progress=progress, finish=finish)


def keep_result(job: Job, result: ServiceResult) -> None:
    """The containers as they stood when the procedure ended; after a success, those not wanted here are gone."""
    moment = now()
    here = Replica.objects.filter(
        host=job.host_id, service=job.order["service"], environment=job.order["environment"]
    ).select_related("service")
    rows = {row.id: row for row in here}
    for told in result.replicas[: len(rows)]:
        row = rows.get(told.replica)
        if row is None or (told.container is not None and not CONTAINER_ID.fullmatch(told.container)):
            continue
        see(row, state=told.state, now=moment, container=told.container or "", ports=ports_of(told.ports))
    if job.state != "succeeded":
        return
    told_volumes = [volume["volume"] for wanted in job.order["replicas"] for volume in wanted.get("volumes", ())]
    volumes.note_made(told_volumes)
    for row in rows.values():
        if row.desired == "gone" and (row.container or row.state not in ("stopped", "lost")):
            see(row, state="stopped", now=moment, container="", ports=[], finished_at=row.finished_at or moment)


def _is_past(link: DeploymentJob) -> bool:
    return DeploymentJob.objects.filter(deployment=link.deployment_id, position__gt=link.position).exists()


def _turn_back(link: DeploymentJob, job: Job, finish: Finish | None) -> None:
    deployment = link.deployment
    if deployment.ends_as:
        rolling.bringing_back_failed(deployment=deployment, host=job.host)
        return
    result = finish.result if finish is not None else None
    rolling.turn_back(
        deployment=deployment,
        position=link.position,
        ends_as="cancelled" if job.state == "cancelled" else "rolled_back",
        problem=_problem(job, finish),
        reverted=isinstance(result, ServiceResult) and result.reverted,
    )


def _problem(job: Job, finish: Finish | None) -> dict[str, Any] | None:
    if finish is not None and finish.problem is not None:
        problem: dict[str, Any] = whole(finish.problem)
        return problem
    return job.problem
