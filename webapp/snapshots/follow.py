"""What the way of a look at a container's files means: how it goes, and what the host found.

Called inside the transaction that changed the job. Late and repeated words change nothing.
"""

from django.utils.timezone import now

from runtime.contract import states
from runtime.contract.message import whole
from runtime.contract.reports import FilesResult, Finish, Progress
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.snapshots.models import Comparison

MAX_CHANGES = 2000
MAX_PATH = 1000
MAX_COUNT = 2**31 - 1
MAX_SIZE = 2**53


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """Keep how it went. Broadcasts on commit."""
    row = Comparison.objects.select_related("log", "replica__service").filter(job=job.id).first()
    if row is None or states.is_terminal(states.JOB, row.state) or row.state == job.state:
        return
    row.state = job.state
    if states.is_terminal(states.JOB, job.state):
        row.finished_at = job.finished_at or now()
        row.problem = job.problem
        if finish is not None and finish.problem is not None:
            row.problem = whole(finish.problem)
        if finish is not None and isinstance(finish.result, FilesResult):
            _keep(row, finish.result)
        logs.end_log(log=row.log, state=job.state)
    row.save()
    changed(kind="comparison", id=row.id, state=row.state, project_id=row.replica.service.project_id)


def _keep(row: Comparison, result: FilesResult) -> None:
    row.changes = [
        {
            "kind": one.kind,
            "path": one.path[:MAX_PATH].replace("\0", ""),
            "size": None if one.size is None else min(max(one.size, 0), MAX_SIZE),
            "directory": one.directory,
        }
        for one in result.changes[:MAX_CHANGES]
    ]
    row.added, row.changed, row.deleted = (
        min(max(count, 0), MAX_COUNT) for count in (result.added, result.changed, result.deleted)
    )
    row.counted = result.counted
