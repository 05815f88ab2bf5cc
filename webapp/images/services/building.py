"""Ask for a build, take the wish back, ask again."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from runtime.contract import names, states
from runtime.contract.orders import BuildImage, ImageOrder, Login, PullImage
from webapp.audit import services as audit
from webapp.environments import services as environments
from webapp.ids import new_id
from webapp.images import follow
from webapp.images.labels import labels_of
from webapp.images.models import Build, Image
from webapp.images.placing import choose_builder
from webapp.images.reusing import offer
from webapp.images.services import pushing
from webapp.images.services.defining import lock_image
from webapp.images.sources import kind_of
from webapp.images.sources.building import Asked
from webapp.images.validation import clean_args, clean_ref
from webapp.jobs import services as jobs
from webapp.jobs.broadcast import changed
from webapp.logs import services as logs
from webapp.problems import Conflicting, Invalid
from webapp.registries.logins import secrets_of
from webapp.teams.policy import Action, Actor, require


def request_build(
    *,
    actor: Actor,
    image: Image,
    ref: str | None = None,
    args: Mapping[str, str] | None = None,
    no_cache: bool = False,
    trigger: Mapping[str, str] | None = None,
) -> Build:
    """Freeze the definition as it is now and queue a build of it on the least busy host.

    `ref` (Git only) and `args` replace the definition's own for this build; `trigger` says what caused it,
    where that was no person. `Unplannable`: no host can build.
    """
    definition = _asked_for(actor, image, ref=ref, args=args, no_cache=no_cache)
    return _queue(actor, image, definition, image.revision, action="build.request", trigger=trigger)


def reuse_build(
    *,
    actor: Actor,
    image: Image,
    ref: str | None = None,
    args: Mapping[str, str] | None = None,
    no_cache: bool = False,
) -> Build | None:
    """The build that a request with these words needs not be made for: of the same commit and definition, and still
    there. None where there is none, where a branch or tag is asked for, whose commit only a host knows, or `no_cache`.
    """
    definition = _asked_for(actor, image, ref=ref, args=args, no_cache=no_cache)
    found = offer(image, definition) if not definition["build"]["no_cache"] else None
    return found.build if found is not None and found.exact else None


def retry_build(*, actor: Actor, build: Build) -> Build:
    """A new build of exactly the same definition. Raises `Conflicting` while the first has not ended."""
    require(actor, Action.BUILD, build.image.project)
    build.refresh_from_db(fields=["state"])
    if not states.is_terminal(states.BUILD, build.state):
        raise Conflicting(
            code="build.under_way", detail=f"Build {build.number} is {build.state}; it has not ended yet."
        )
    return _queue(actor, build.image, build.definition, build.revision, action="build.retry", trigger=build.trigger)


def cancel_build(*, actor: Actor, build: Build) -> Build:
    """Cancel a waiting build at once, ask the host of a running one to stop. Twice is once.

    Raises `Conflicting` when the build has ended otherwise.
    """
    require(actor, Action.BUILD, build.image.project)
    with transaction.atomic():
        already = build.job.cancel_requested_at is not None
        job = jobs.request_cancel(job=build.job, now=now())
        if job.state in ("succeeded", "failed"):
            raise Conflicting(code="build.ended", detail=f"Build {build.number} has ended: {job.state}.")
        if not already:
            _record(actor, "build.cancel", build)
        follow.job_changed(job)
        changed(kind="build", id=build.id, state=build.state, project_id=build.image.project_id)
    build.refresh_from_db()
    return build


def _asked_for(
    actor: Actor, image: Image, *, ref: str | None, args: Mapping[str, str] | None, no_cache: bool
) -> dict[str, Any]:
    require(actor, Action.BUILD, image.project)
    image.refresh_from_db(fields=["source", "build", "revision"])
    return _frozen(image, ref=clean_ref(ref), args=clean_args(args or {}), no_cache=no_cache)


def _frozen(image: Image, *, ref: str | None, args: dict[str, str], no_cache: bool) -> dict[str, Any]:
    source = dict(image.source)
    if ref is not None:
        if not kind_of(source).has_refs:
            raise Invalid({"ref": ["Only a Git source has branches and tags."]})
        source["ref"] = ref
    build = dict(image.build)
    build["args"] = {**build.get("args", {}), **args}
    build["no_cache"] = no_cache or build.get("no_cache", False)
    return {"source": source, "build": build}


def _queue(
    actor: Actor,
    image: Image,
    definition: dict[str, Any],
    revision: int,
    *,
    action: str,
    trigger: Mapping[str, str] | None,
) -> Build:
    project = image.project
    secrets = _credentials(image, definition["source"]) | _build_secrets(image, definition["build"])
    with transaction.atomic():
        lock_image(image)
        host = choose_builder(project, builds=kind_of(definition["source"]).builds)
        Image.objects.filter(id=image.id).update(next_number=F("next_number") + 1)
        number = Image.objects.values_list("next_number", flat=True).get(id=image.id) - 1
        log = logs.open_log(project=project, kind="build")
        build_id = new_id()
        told = labels_of(
            image, source=definition["source"], build=build_id, number=number, revision=revision, trigger=trigger
        )
        asked = Asked(
            build=build_id,
            number=number,
            tag=names.image_tag(project=project.slug, image=image.slug, build=build_id, number=number),
            labels=told,
            source=definition["source"],
            settings=definition["build"],
            project=project,
        )
        pushes = pushing.planned(image, requested_as=actor.label)
        order = pushing.along(kind_of(asked.source).order(asked), pushes, trigger=trigger, at=now())
        secrets = secrets | pushing.secrets_for(order.push) | secrets_of(_logins(order))
        job = jobs.create_job(order=order, project=project, host=host, log=log, secrets=secrets, uses_build_slot=True)
        build = Build.objects.create(
            id=build_id,
            image=image,
            number=number,
            definition=definition,
            revision=revision,
            job=job,
            log=log,
            host=host,
            requested_by=actor.user,
            requested_as=actor.label,
            trigger=trigger,
        )
        pushing.keep(build, pushes)
        _record(actor, action, build)
        changed(kind="build", id=build.id, state=build.state, project_id=project.id)
    return build


def _credentials(image: Image, source: dict[str, Any]) -> dict[str, str]:
    """The claim's secrets: the newest version of each credential that the source names."""
    found = {}
    for name in kind_of(source).secrets(source):
        newest = environments.find_credential(project=image.project, name=name)
        if newest is None:
            raise Conflicting(
                code="build.no_credential",
                detail=f"The source names the secret {name}, which the project lacks: set it for fetching sources.",
            )
        found[name] = newest.id
    return found | kind_of(source).more_secrets(image.project, source)


def _logins(order: ImageOrder) -> Iterable[Login | None]:
    """Where the host signs in to get what the image is made of."""
    if isinstance(order, BuildImage):
        return order.logins
    return [order.login] if isinstance(order, PullImage) else []


def _build_secrets(image: Image, build: dict[str, Any]) -> dict[str, str]:
    """The claim's secrets: the newest version of each that steps may mount."""
    found = {}
    for name in build.get("secrets", {}).values():
        newest = environments.find_build_secret(project=image.project, name=name)
        if newest is None:
            raise Conflicting(
                code="build.no_secret",
                detail=f"The build mounts the secret {name}, which the project lacks: set it, for building.",
            )
        found[name] = newest.id
    return found


def _record(actor: Actor, action: str, build: Build) -> None:
    project = build.image.project
    audit.record(
        actor=actor,
        action=action,
        target_type="build",
        target_id=build.id,
        target=f"{project.slug}/{build.image.slug} {build.number}",
        team_id=project.team_id,
        project_id=project.id,
    )
