"""What a job's way means for its build: states by compare-and-set along the table, and what is kept of the result.

Called inside the transaction that changed the job. Late, repeated and unlawful words change nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from runtime.contract import names, states
from runtime.contract.message import whole
from runtime.contract.reports import Finish, ImageResult, Problem, Progress
from webapp.holdings import services as holdings
from webapp.images import pushed
from webapp.images.insight.inventory import keep_packages
from webapp.images.models import Build
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.logs import services as logs

PHASES = ("building", "pushing")  # of a running job, in this order
ROADS: Mapping[str, tuple[str, ...]] = {  # how a build gets where its job already is
    "queued": ("lost", "queued"),
    "claimed": ("lost", "queued", "claimed"),
    "building": ("lost", "queued", "claimed", "building"),
    "pushing": ("claimed", "building", "pushing"),
}
MAX_LAYERS = 500
MAX_INSTRUCTION = 1000
MAX_SIZE = 2**53
NO_RESULT = Problem(
    code="build.no_result",
    whose="host",
    message="The host said that the build succeeded, but not which image it made.",
    advice="Look at the host's worker, then build again.",
    retry_helps=True,
)


def job_changed(job: Job, progress: Progress | None = None, finish: Finish | None = None) -> None:
    """Bring the build of this job to where the job is; keep what the host reported. Broadcasts on commit."""
    builds = Build.objects.select_related("image", "log").defer("definition", "image__source")
    build = builds.filter(job_id=job.id).first()
    if build is None or states.is_terminal(states.BUILD, build.state):
        return
    if progress is not None:
        _keep_facts(build, progress.facts)
    before = build.state
    if states.is_terminal(states.JOB, job.state):
        _end(build, job, finish)
        pushed.build_ended(build, job, finish)
    elif job.state == "lost":
        _move(build, "lost")
    elif job.state == "running":
        _run(build, progress.phase if progress is not None else None)
    else:
        _go(build, job.state)
    if build.state != before or progress is not None:
        changed(kind="build", id=build.id, state=build.state, project_id=build.image.project_id)


def _run(build: Build, phase: str | None) -> None:
    """A running job is building at least; a phase never goes backward."""
    target = phase if phase in PHASES else "building"
    if build.state in PHASES and PHASES.index(target) <= PHASES.index(build.state):
        return
    _go(build, target)


def _go(build: Build, target: str) -> None:
    """Walk to `target`, through the states that were not told."""
    if build.state == target or _move(build, target):
        return
    road = ROADS[target]
    start = road.index(build.state) + 1 if build.state in road else 0
    for state in road[start:]:
        if not _move(build, state):
            return


def _move(build: Build, state: str, **fields: object) -> bool:
    """One lawful step by compare-and-set."""
    if not states.may_become(states.BUILD, build.state, state):
        return False
    if state == "claimed" and build.started_at is None:
        fields["started_at"] = now()
    if not Build.objects.filter(id=build.id, state=build.state).update(state=state, **fields):
        return False
    build.state = state
    for name, value in fields.items():
        setattr(build, name, value)
    return True


def _keep_facts(build: Build, facts: Mapping[str, str]) -> None:
    commit, builder = facts.get("commit", ""), facts.get("builder", "")[:20]
    fields: dict[str, str] = {}
    if names.GIT_COMMIT.fullmatch(commit) and commit != build.commit:
        fields["commit"] = commit
    if builder and builder != build.builder:
        fields["builder"] = builder
    if fields:
        Build.objects.filter(id=build.id).update(**fields)


def _end(build: Build, job: Job, finish: Finish | None) -> None:
    moment = job.finished_at or now()
    problem: dict[str, Any] | None = job.problem
    if finish is not None and finish.problem is not None:
        problem = whole(finish.problem)
    if job.state == "succeeded":
        fields = _result(finish)
        if fields is not None:
            _finish(build, "succeeded", moment, fields)
            _note_holding(build, job, moment)
            _keep_packages(build, finish)
            return
        _finish(build, "failed", moment, {"problem": whole(NO_RESULT)})
        return
    _finish(build, job.state, moment, {"problem": problem})


def _finish(build: Build, state: str, moment: datetime, fields: Mapping[str, object]) -> None:
    if not states.may_become(states.BUILD, build.state, state):
        _go(build, "building")
    if _move(build, state, finished_at=moment, **fields):
        logs.end_log(log=build.log, state=state)


def _note_holding(build: Build, job: Job, moment: datetime) -> None:
    """The host that made the image holds it; its next list confirms it."""
    holdings.noted(host_id=job.host_id, image_id=build.config_digest, size=build.size or 0, build=build.id, now=moment)


def _keep_packages(build: Build, finish: Finish | None) -> None:
    if build.state == "succeeded" and finish is not None and isinstance(finish.result, ImageResult):
        keep_packages(build, finish.result.packages)


def _result(finish: Finish | None) -> dict[str, Any] | None:
    """What is kept of the image; None when the host did not name one."""
    result = finish.result if finish is not None else None
    if not isinstance(result, ImageResult) or not names.DIGEST.fullmatch(result.image_id):
        return None
    digest = result.digest if result.digest and names.DIGEST.fullmatch(result.digest) else result.image_id
    fields: dict[str, Any] = {
        "config_digest": result.image_id,
        "digest": digest,
        "size": min(max(result.size, 0), MAX_SIZE),
        "layers": [
            {
                "instruction": layer.instruction[:MAX_INSTRUCTION].replace("\0", ""),
                "size": min(max(layer.size, 0), MAX_SIZE),
                "digest": layer.digest if layer.digest and names.DIGEST.fullmatch(layer.digest) else None,
            }
            for layer in result.layers[:MAX_LAYERS]
        ],
        "problem": None,
    }
    if result.commit and names.GIT_COMMIT.fullmatch(result.commit):
        fields["commit"] = result.commit
    if result.builder:
        fields["builder"] = result.builder[:20]
    return fields
