"""What becomes of pushes: what hosts say of them is kept, bounded; each ends once, with the job that carries it."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

from runtime.contract import names, states
from runtime.contract.message import whole
from runtime.contract.references import BadReference, Reference
from runtime.contract.reports import Finish, ImageResult, Problem, Progress, PushResult
from runtime.contract.reports import Pushed as Said
from runtime.contract.tagging import MAX_TEMPLATE, MAX_TEMPLATES
from webapp.images.models import Build, Push
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.logs import services as logs

MAX_REASON = 300
NO_WORD = Problem(
    code="push.no_word",
    whose="host",
    message="The host said that all went well, but nothing of this push.",
    advice="Update the host's worker: it may be too old to push. Then push again.",
    retry_helps=True,
)


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """A job that pushes an earlier build again got somewhere. The build itself stays as it ended."""
    push = Push.objects.select_related("build__image", "job__log").filter(job=job).first()
    if push is None or push.state != "queued":
        return
    if states.is_terminal(states.JOB, job.state):
        problem = finish.problem if finish is not None else None
        said = finish.result if finish is not None else None
        end(
            Push.objects.filter(id=push.id),
            said.pushed if isinstance(said, PushResult) else (),
            job=job,
            problem=whole(problem) if problem is not None else job.problem,
        )
        logs.end_log(log=job.log, state=job.state)
    changed(kind="build", id=push.build_id, state=push.build.state, project_id=push.build.image.project_id)


def build_ended(build: Build, job: Job, finish: Finish | None) -> None:
    """The pushes that belong to the build end with it."""
    said = finish.result if finish is not None else None
    end(build.pushes.filter(job=None), said.pushed if isinstance(said, ImageResult) else (), job=job, problem=None)


def end(pushes: QuerySet[Push], said: Sequence[Said], *, job: Job, problem: dict[str, Any] | None) -> None:
    """Each waiting push ends as its host says; where it says nothing, as the job did."""
    told = {one.push: one for one in said}
    for push in pushes.filter(state="queued"):
        fields = _told(push, told[push.id]) if push.id in told else _untold(job, problem)
        waiting = Push.objects.filter(id=push.id, state="queued")
        waiting.update(finished_at=job.finished_at or now(), **fields)


def left_behind(builds: QuerySet[Build]) -> tuple[list[str], list[str]]:
    """Jobs and logs of pushing these builds again: they are to go when the builds do."""
    rows = Job.objects.filter(push__build__in=builds).values_list("id", "log_id")
    return [job for job, _ in rows], [log for _, log in rows]


def _told(push: Push, said: Said) -> dict[str, Any]:
    digest = said.digest if said.digest and names.DIGEST.fullmatch(said.digest) else ""
    fields: dict[str, Any] = {
        "tags": [tag for tag in said.tags[:MAX_TEMPLATES] if _is_tag(push.repository, tag)],
        "left_out": {
            template[:MAX_TEMPLATE]: reason[:MAX_REASON]
            for template, reason in list(said.left_out.items())[:MAX_TEMPLATES]
        },
        "digest": digest,
    }
    if said.problem is not None:
        return {**fields, "state": "failed", "problem": whole(said.problem)}
    return {**fields, "state": "succeeded" if digest else "skipped"}


def _untold(job: Job, problem: dict[str, Any] | None) -> dict[str, Any]:
    """A build that failed never came to its pushes; a job that is for the push alone failed with it."""
    if job.state == "succeeded":
        return {"state": "failed", "problem": whole(NO_WORD)}
    if problem is not None and job.state == "failed":
        return {"state": "failed", "problem": problem}
    return {"state": "cancelled"}


def _is_tag(repository: str, tag: str) -> bool:
    try:
        return Reference.parse(f"{repository}:{tag}").tag == tag
    except BadReference:
        return False
