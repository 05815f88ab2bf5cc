"""A build that waits: why, and what an operator does about it."""

from django.db import transaction
from django.utils.timezone import now

from webapp.audit.services import record_of
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.images.placing import can_build, why_it_cannot
from webapp.jobs import services as jobs
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Unplannable
from webapp.teams.policy import Action, Actor, require

HOST_BOUND = ("commit_container",)  # what they work on is on that host


def put_build_first(*, actor: Actor, build: Build) -> Build:
    """Let a waiting build be the next on its host. Twice is once. Raises `Conflicting` when it does not wait."""
    require(actor, Action.OPERATE, build.image.project)
    with transaction.atomic():
        job = Job.objects.select_related("host").get(id=build.job_id)
        before = jobs.queue_position(job)
        if before is None or not jobs.put_first(job=job):
            raise _not_waiting(build)
        if before != 1:
            _record(actor, "build.put_first", build, before={"position": before}, after={"position": 1})
    return build


def move_build(*, actor: Actor, build: Build, host: Host) -> Build:
    """Let another host make a waiting build. Raises `Conflicting`, and `Unplannable` when that host cannot build."""
    require(actor, Action.OPERATE, build.image.project)
    with transaction.atomic():
        job = Job.objects.select_related("host").get(id=build.job_id)
        if job.kind in HOST_BOUND:
            raise Conflicting(code="build.host_bound", detail="What it is made of is on that host alone.")
        if jobs.queue_position(job) is None:
            raise _not_waiting(build)
        if host.id == job.host_id:
            return build
        if not can_build(host, project=build.image.project):
            raise Unplannable(code="build.no_host", detail="That host cannot build.", reasons=[why_it_cannot(host)])
        before = job.host.name
        if not jobs.move_to(job=job, host=host, now=now()):
            raise _not_waiting(build)
        Build.objects.filter(id=build.id).update(host=host)
        _record(actor, "build.move", build, before={"host": before}, after={"host": host.name})
    build.host, build.job = host, job
    return build


def _not_waiting(build: Build) -> Conflicting:
    return Conflicting(code="build.not_waiting", detail=f"Build {build.number} does not wait for a host any more.")


def _record(actor: Actor, action: str, build: Build, *, before: dict[str, object], after: dict[str, object]) -> None:
    project = build.image.project
    target = ("build", build.id, f"{project.slug}/{build.image.slug} {build.number}")
    record_of(project, actor=actor, action=action, target=target, before=before, after=after)
    changed(kind="build", id=build.id, state=build.state, project_id=project.id)
