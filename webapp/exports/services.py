"""Ask for an archive of a build's image, take the wish back, forget it; and what its host sends."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from runtime.contract.orders import ExportImage
from runtime.contract.wire import PIECE_BYTES
from webapp.audit.services import record_of
from webapp.exports import store
from webapp.exports.models import LAYOUTS, UNDER_WAY, Export
from webapp.images.expiry import refuse_without_image
from webapp.images.models import Build
from webapp.images.placing import choose_holder
from webapp.images.services import lock_image
from webapp.jobs import services as jobs
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.logs import services as logs
from webapp.problems import Conflicting, Invalid, TooLarge
from webapp.teams.policy import Action, Actor, require

KEPT_FOR = timedelta(hours=24)
MAX_UNDER_WAY = 2  # of one project
MAX_KEPT = 10  # of one project, under way and ready


def export_build(*, actor: Actor, build: Build, layout: str = "docker", now: datetime) -> Export:
    """Order a host that holds the image to send it as one archive: Docker's own, or an OCI layout.

    Raises `Conflicting` (not built, gone, too many, no room here), `Unplannable` when no host that holds it answers.
    """
    project = build.image.project
    require(actor, Action.BUILD, project)
    if layout not in LAYOUTS:
        raise Invalid({"layout": [f"One of {', '.join(LAYOUTS)}."]})
    with transaction.atomic():
        lock_image(build.image)
        build.refresh_from_db(fields=["state", "config_digest", "expired_at", "size"])
        _refuse_unready(build)
        host = choose_holder(build, code="export.no_host", act="send it")
        log = logs.open_log(project=project, kind="export")
        tag = str(build.job.order["tag"])
        limit = settings.MAX_EXPORT_BYTES
        order = ExportImage(image=build.config_digest, name=tag, layout=layout, limit=limit)  # type: ignore[arg-type]
        job = jobs.create_job(order=order, project=project, host=host, log=log)
        export = Export.objects.create(
            build=build, job=job, log=log, layout=layout, requested_by=actor.user, requested_as=actor.label
        )
        _record(actor, "export.request", export)
    return export


def cancel_export(*, actor: Actor, export: Export, now: datetime) -> Export:
    """Stop one that is under way, forget one that is ready. Twice is once."""
    require(actor, Action.BUILD, export.build.image.project)
    with transaction.atomic():
        export.refresh_from_db(fields=["state"])
        if export.state in ("queued", "sending"):
            job = jobs.request_cancel(job=export.job, now=now)
            if job.state == "cancelled":
                settle(export, state="cancelled", now=now)
            _record(actor, "export.cancel", export)
        elif export.state == "ready":
            settle(export, state="expired", now=now)
            _record(actor, "export.remove", export)
    export.refresh_from_db()
    return export


def take_piece(*, job: Job, offset: int, piece: bytes) -> int:
    """A piece of what the job's attempt sends; how many bytes are held then. Raises `Conflicting`, `TooLarge`."""
    export = Export.objects.filter(job=job.id, state__in=("queued", "sending")).first()
    if export is None:
        raise Conflicting(code="export.not_wanted", detail="No export waits for bytes of this job.")
    limit = job_limit(job)
    if len(piece) > PIECE_BYTES or offset + len(piece) > limit:
        raise TooLarge(code="export.too_large", detail=f"A piece has at most {PIECE_BYTES} bytes, all {limit}.")
    if not store.has_room(len(piece)):
        raise Conflicting(code="export.no_room", detail="The disk of the control plane is nearly full.")
    held = store.take(export.id, job.attempt, offset=offset, piece=piece)
    Export.objects.filter(id=export.id, state__in=("queued", "sending")).update(state="sending", size=held)
    changed(kind="export", id=export.id, state="sending", project_id=job.project_id)
    return held


def job_limit(job: Job) -> int:
    """How many bytes the job may send at most."""
    limit: int = Job.objects.values_list("order__limit", flat=True).get(id=job.id)
    return limit


def settle(export: Export, *, state: str, now: datetime, **fields: object) -> bool:
    """Bring an export that has not ended, or is ready, to its end; its files go when nothing can be done with them."""
    live = Export.objects.filter(id=export.id, state__in=(*UNDER_WAY, "ready"))
    finished = {} if state == "expired" else {"finished_at": now}
    if not live.update(state=state, **finished, **fields):
        return False
    if state != "ready":
        transaction.on_commit(lambda: store.forget(export.id))
    export.state = state
    changed(kind="export", id=export.id, state=state, project_id=export.build.image.project_id)
    return True


def _refuse_unready(build: Build) -> None:
    refuse_without_image(build, what="export", done="exported")
    kept = Export.objects.filter(build__image__project=build.image.project, state__in=(*UNDER_WAY, "ready"))
    if kept.exclude(state="ready").count() >= MAX_UNDER_WAY:
        raise Conflicting(
            code="export.under_way", detail=f"A project has at most {MAX_UNDER_WAY} exports under way: wait for one."
        )
    if kept.count() >= MAX_KEPT:
        raise Conflicting(
            code="export.too_many", detail=f"A project keeps at most {MAX_KEPT} exports: remove one that was fetched."
        )
    if not store.has_room(build.size or 0):
        raise Conflicting(
            code="export.no_room", detail="The disk of the control plane is nearly full: ask who runs it for room."
        )


def _record(actor: Actor, action: str, export: Export) -> None:
    build = export.build
    project = build.image.project
    target = ("build", build.id, f"{project.slug}/{build.image.slug} {build.number}")
    record_of(project, actor=actor, action=action, target=target, after={"export": export.id, "layout": export.layout})
    changed(kind="export", id=export.id, state=export.state, project_id=project.id)
