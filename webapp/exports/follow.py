"""What the way of an export's job means. Called inside the transaction that changed the job."""

from django.utils.timezone import now

from runtime.contract import names, states
from runtime.contract.message import whole
from runtime.contract.reports import Exported, Finish, Problem, Progress
from webapp.exports import store
from webapp.exports.models import Export
from webapp.exports.services import settle
from webapp.jobs.models import Job
from webapp.logs import services as logs

INCOMPLETE = Problem(
    code="export.incomplete",
    whose="host",
    message="The host said that it sent the whole archive, but other bytes are here.",
    advice="Export it again.",
    retry_helps=True,
)


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """All bytes are here: they are checked next. Anything else that ends the job ends the export, with its files."""
    export = Export.objects.select_related("log", "build__image").filter(job=job.id).first()
    if export is None or export.state not in ("queued", "sending"):
        return
    if not states.is_terminal(states.JOB, job.state):
        return
    logs.end_log(log=export.log, state=job.state)
    if job.state != "succeeded":
        settle(export, state=job.state, now=now(), problem=_problem(job, finish))
        return
    result = finish.result if finish is not None else None
    if (
        isinstance(result, Exported)
        and names.DIGEST.fullmatch(result.digest)
        and result.size == store.held(export.id, job.attempt)
    ):
        Export.objects.filter(id=export.id).update(state="checking", digest=result.digest, size=result.size)
    else:
        settle(export, state="failed", now=now(), problem=whole(INCOMPLETE))


def _problem(job: Job, finish: Finish | None) -> dict[str, object] | None:
    if finish is not None and finish.problem is not None:
        problem: dict[str, object] = whole(finish.problem)
        return problem
    return job.problem
