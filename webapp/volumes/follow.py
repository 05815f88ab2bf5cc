"""What the way of a volume's job means. Called inside the transaction that changed the job."""

from django.utils.timezone import now

from runtime.contract import names, states
from runtime.contract.message import whole
from runtime.contract.reports import Finish, Problem, Progress, VolumeArchived
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.volumes.models import Backup, Volume
from webapp.volumes.services.backing_up import settle
from webapp.volumes.store import files
from webapp.volumes.telling import show_volume

INCOMPLETE = Problem(
    code="backup.incomplete",
    whose="host",
    message="The host said that it sent the whole archive, but other bytes are here.",
    advice="Back it up again.",
    retry_helps=True,
)


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """What becomes of a backup, a restored copy, a removal. A log that is a deployment's own is ended by that."""
    if not states.is_terminal(states.JOB, job.state):
        return
    if job.kind == "backup_volume":
        _backed_up(job, finish)
    elif job.kind == "restore_volume":
        if job.state == "succeeded":
            Volume.objects.filter(id=job.order["volume"]).update(made=True)
    elif job.kind == "remove_volume":
        _removed(job)


def _backed_up(job: Job, finish: Finish | None) -> None:
    """All bytes are here: they are checked next. Anything else that ends the job ends the backup, with its files."""
    backup = Backup.objects.select_related("log", "volume").filter(job=job.id).first()
    if backup is None or backup.state not in ("queued", "sending"):
        return
    if not backup.deployment:
        logs.end_log(log=backup.log, state=job.state)
    result = finish.result if finish is not None else None
    if job.state != "succeeded":
        settle(backup, state=job.state, now=now(), problem=_problem(job, finish))
    elif isinstance(result, VolumeArchived) and _is_whole(result, backup, job):
        Backup.objects.filter(id=backup.id).update(
            state="checking",
            digest=result.digest,
            size=result.size,
            entries=result.entries,
            unpacked=result.unpacked,
            tree=result.tree,
        )
    else:
        settle(backup, state="failed", now=now(), problem=whole(INCOMPLETE))


def _is_whole(result: VolumeArchived, backup: Backup, job: Job) -> bool:
    named = all(names.DIGEST.fullmatch(digest) for digest in (result.digest, result.tree))
    counts = all(0 <= count < 2**53 for count in (result.size, result.unpacked)) and 0 <= result.entries < 2**31
    return named and counts and result.size == files.held(backup.id, job.attempt)


def _removed(job: Job) -> None:
    volume = Volume.objects.select_related("project").filter(removal=job.id).first()
    logs.end_log(log=job.log, state=job.state)
    if volume is None:
        return
    if job.state == "succeeded":
        Volume.objects.filter(id=volume.id).update(removed_at=now(), active=False, size=None)
    else:
        Volume.objects.filter(id=volume.id).update(removal=None)  # it can be asked for again
    show_volume(volume)


def _problem(job: Job, finish: Finish | None) -> dict[str, object] | None:
    if finish is not None and finish.problem is not None:
        problem: dict[str, object] = whole(finish.problem)
        return problem
    return job.problem
