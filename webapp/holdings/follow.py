"""What the way of an order to forget means: what is gone from the host, what stayed and why.

Called inside the transaction that changed the job. Late and repeated words change nothing.
"""

from runtime.contract import states
from runtime.contract.reports import Finish, Forgotten, Progress
from webapp.holdings import services
from webapp.holdings.models import Forgetting
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.logs import services as logs

MAX_REASON = 300
MAX_FREED = 2**53


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """Keep how it went. Broadcasts on commit."""
    row = Forgetting.objects.select_related("log").filter(job=job.id).first()
    if row is None or states.is_terminal(states.JOB, row.state) or row.state == job.state:
        return
    row.state = job.state
    if states.is_terminal(states.JOB, job.state):
        row.finished_at = job.finished_at
        if finish is not None and isinstance(finish.result, Forgotten):
            _keep(row, job, finish.result)
        logs.end_log(log=row.log, state=job.state)
    row.save()
    changed(kind="forgetting", id=row.id, state=row.state, project_id=row.project_id)


def _keep(row: Forgetting, job: Job, result: Forgotten) -> None:
    """A host speaks only of what it was told to let go."""
    asked = {image["image_id"] for image in job.order["images"]}
    removed = sorted(asked.intersection(result.removed))
    services.gone(host_id=job.host_id, image_ids=removed)
    row.removed = len(removed)
    row.freed = None if result.freed is None else min(max(result.freed, 0), MAX_FREED)
    row.skipped = [
        {"image_id": one.image_id, "reason": one.reason[:MAX_REASON].replace("\0", "")}
        for one in result.skipped
        if one.image_id in asked
    ][: len(asked)]
