"""Define, change and delete images."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError
from django.utils.timezone import now

from runtime.contract import states
from webapp.audit import services as audit
from webapp.environments import services as environments
from webapp.findings import Findings
from webapp.images.forgetting import forget_builds
from webapp.images.leaving import leave, leaving
from webapp.images.models import Build, Image, Push
from webapp.images.pushed import left_behind
from webapp.images.services.revisions import clean_why, keep_revision
from webapp.images.using import Users, refuse_used, still_named
from webapp.images.validation import clean_definition
from webapp.jobs.broadcast import changed
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.problems import Conflicting, Missing
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_IMAGES = 200  # of one project


def define_image(
    *, actor: Actor, project: Project, slug: str, source: dict[str, Any], build: dict[str, Any] | None = None
) -> Image:
    """A new image of the project. Raises `Invalid`, `Conflicting` (slug taken, too many), `Forbidden`."""
    require(actor, Action.DEFINE, project)
    _check_slug(slug)
    definition = clean_definition(source=source, build=build or {}).settled(project)
    _check_build_secrets(project, definition.build)
    if Image.objects.filter(project=project).count() >= MAX_IMAGES:
        raise Conflicting(code="image.too_many", detail=f"A project has at most {MAX_IMAGES} images.")
    with transaction.atomic():
        try:
            with transaction.atomic():
                image = Image.objects.create(
                    project=project, slug=slug, source=definition.source, build=definition.build
                )
        except IntegrityError as error:
            raise _taken(slug) from error
        keep_revision(actor=actor, image=image, now=now())
        _record(actor, "image.define", image, after=_facts(image))
    return image


def change_image(
    *,
    actor: Actor,
    image: Image,
    source: dict[str, Any] | None = None,
    build: dict[str, Any] | None = None,
    slug: str | None = None,
    why: str = "",
) -> Image:
    """Change what is given; a changed definition gets a new revision, an equal one stays as it is.

    `why` is kept with the revision, for who reads the history.
    """
    require(actor, Action.DEFINE, image.project)
    why = clean_why(why)
    if slug is not None:
        _check_slug(slug)
    definition = clean_definition(
        source=image.source if source is None else source, build=image.build if build is None else build
    )
    if source is not None:
        definition = definition.settled(image.project)
    if build is not None:
        _check_build_secrets(image.project, definition.build)
    before = _facts(image)
    after = {"slug": slug or image.slug, "source": definition.source, "build": definition.build}
    if after == before:
        return image
    redefined = (after["source"], after["build"]) != (before["source"], before["build"])
    with transaction.atomic():
        row = Image.objects.filter(id=image.id, revision=image.revision)
        try:
            with transaction.atomic():
                updated = row.update(**after, revision=F("revision") + 1 if redefined else F("revision"))
        except IntegrityError as error:
            raise _taken(str(after["slug"])) from error
        if not updated:
            raise Conflicting(code="image.changed", detail="Somebody else changed this image just now: look again.")
        image.refresh_from_db()
        if redefined:
            keep_revision(actor=actor, image=image, now=now(), why=why)
        _record(actor, "image.change", image, before=before, after=after, reason=why)
    return image


def lock_image(image: Image) -> None:
    """Until the transaction ends nobody deletes the image, nor builds or uses it anew. Raises `Missing`: it is gone.

    Its row is the lock where the database locks rows; SQLite has one writer anyway.
    """
    if not Image.objects.select_for_update().filter(id=image.id).exists():
        raise Missing(code="image.missing", detail="The image was deleted just now.")


def delete_image(*, actor: Actor, image: Image, users: Users) -> None:
    """Delete the image with its builds and their logs; not while it is used (`users`) or a build is under way."""
    require(actor, Action.DEFINE, image.project)
    with transaction.atomic():
        lock_image(image)
        refuse_used(image, users)
        builds = Build.objects.filter(image=image)
        if builds.exclude(state__in=states.terminal_states(states.BUILD)).exists():
            raise Conflicting(code="image.building", detail="A build of this image is under way: cancel it first.")
        if Push.objects.filter(build__image=image, state="queued").exists():
            raise Conflicting(code="image.pushing", detail="A build of it is on its way to a registry.")
        more_jobs, more_logs = left_behind(builds)
        jobs, logs = zip(*builds.values_list("job_id", "log_id"), strict=True) if builds.exists() else ((), ())
        _record(actor, "image.delete", image, before=_facts(image))
        forget_builds(project=image.project, builds=builds, now=now())
        leave(leaving(image, gone=list(builds.values_list("id", flat=True))), now=now())
        image_id = image.id
        try:
            builds.delete()
        except ProtectedError as error:  # named since `users` was asked
            raise still_named() from error
        image.delete()
        Job.objects.filter(id__in=[*jobs, *more_jobs]).delete()
        Log.objects.filter(id__in=[*logs, *more_logs]).delete()
        changed(kind="image", id=image_id, state="deleted", project_id=image.project_id)


def _check_slug(slug: str) -> None:
    findings = Findings()
    findings.slug(slug)
    findings.settle()


def _check_build_secrets(project: Project, build: dict[str, Any]) -> None:
    """They may be set later, and are for builds alone."""
    for name in build.get("secrets", {}).values():
        environments.find_build_secret(project=project, name=name)


def _taken(slug: str) -> Conflicting:
    return Conflicting(code="image.slug_taken", detail=f"The project already has an image {slug}.")


def _facts(image: Image) -> dict[str, Any]:
    return {"slug": image.slug, "source": image.source, "build": image.build}


def _record(
    actor: Actor,
    action: str,
    image: Image,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    project = image.project
    audit.record_of(
        project,
        actor=actor,
        action=action,
        target=("image", image.id, f"{project.slug}/{image.slug}"),
        before=before,
        after=after,
        reason=reason,
    )
    changed(kind="image", id=image.id, state=action.removeprefix("image."), project_id=project.id)
