"""Whose job it is: the room that owns its meaning is told, in the transaction that changed it."""

from collections.abc import Mapping
from typing import Protocol

from runtime.contract.reports import Finish, Progress
from webapp.deployments.rollout import follow as deployments
from webapp.exports import follow as exports
from webapp.holdings import follow as holdings
from webapp.images import follow as images
from webapp.images import pushed as pushes
from webapp.jobs.models import Job
from webapp.snapshots import follow as snapshots
from webapp.volumes import follow as volumes


class Told(Protocol):
    """What an owner is told: the job as it is now, and the report that changed it."""

    def __call__(self, job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None: ...


OWNERS: Mapping[str, Told] = {
    "build_image": images.job_changed,
    "diff_container": snapshots.job_changed,
    "commit_container": images.job_changed,
    "load_image": images.job_changed,
    "pull_image": images.job_changed,
    "push_image": pushes.job_changed,
    "converge_service": deployments.job_changed,
    "export_image": exports.job_changed,
    "backup_volume": deployments.volume_job_changed,
    "restore_volume": deployments.volume_job_changed,
    "remove_volume": volumes.job_changed,
    "forget_images": holdings.job_changed,
}


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """Tell the owner. Raises KeyError for a kind of job that nobody owns."""
    OWNERS[job.kind](job, progress=progress, finish=finish)
