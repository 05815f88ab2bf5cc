"""Ask for a build, take the wish back, ask again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from runtime.contract import names, states
from runtime.contract.orders import BuildImage, ImageOrder, Login, PullImage
from webapp.audit import services as audit
from webapp.environments import services as environments
from webapp.hosts.models import Host
from webapp.ids import new_id
from webapp.images import follow
from webapp.images.containers import Containers, Found
from webapp.images.insight.reusing import offer
from webapp.images.labels import labels_of
from webapp.images.models import Build, Image
from webapp.images.placing import choose_builder
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One build that somebody asks for: its frozen definition, and the container if it is made of one."""

    actor: Actor
    image: Image
    definition: dict[str, Any]
    revision: int
    trigger: Mapping[str, Any] | None
    found: Found | None = None


def request_build(
    *,
    actor: Actor,
    image: Image,
    ref: str | None = None,
    args: Mapping[str, str] | None = None,
    no_cache: bool = False,
    trigger: Mapping[str, str] | None = None,
    containers: Containers | None = None,
) -> Build:
    """Freeze the definition as it is now and queue a build of it on the least busy host.

    `ref` (Git only) and `args` replace the definition's own for this build; `trigger` says what caused it,
    where that was no person. `containers` finds the container that an image is made of, which then is where it is made.
    `Unplannable`: no host can build. `Conflicting`: the container is not there any more.
    """
    definition = _asked_for(actor, image, ref=ref, args=args, no_cache=no_cache)
    wish = _Wish(actor=actor, image=image, definition=definition, revision=image.revision, trigger=trigger)
    return _queue(_placed(wish, containers), action="build.request")


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


def retry_build(*, actor: Actor, build: Build, containers: Containers | None = None) -> Build:
    """A new build of exactly the same definition. Raises `Conflicting` while the first has not ended, and when what it
    was made of is gone.
    """
    require(actor, Action.BUILD, build.image.project)
    build.refresh_from_db(fields=["state"])
    if not states.is_terminal(states.BUILD, build.state):
        raise Conflicting(
            code="build.under_way", detail=f"Build {build.number} is {build.state}; it has not ended yet."
        )
    wish = _Wish(
        actor=actor,
        image=build.image,
        definition=build.definition,
        revision=build.revision,
        trigger=build.trigger,
    )
    return _queue(_placed(wish, containers), action="build.retry")


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


def _placed(wish: _Wish, containers: Containers | None) -> _Wish:
    """With the container that it is made of, if it is of that kind; which one it was is frozen with the definition."""
    source = wish.definition["source"]
    if not kind_of(source).of_container:
        return wish
    if containers is None:
        raise ImproperlyConfigured("who knows containers is told where the paths are made")
    found = containers(actor=wish.actor, image=wish.image, source=source)
    frozen = {**source, "container": found.container, "base": found.base}
    return replace(wish, definition={**wish.definition, "source": frozen}, found=found)


def _queue(wish: _Wish, *, action: str) -> Build:
    image, project = wish.image, wish.image.project
    secrets = _credentials(image, wish.definition["source"]) | _build_secrets(image, wish.definition["build"])
    with transaction.atomic():
        lock_image(image)
        host = _host(wish)
        Image.objects.filter(id=image.id).update(next_number=F("next_number") + 1)
        number = Image.objects.values_list("next_number", flat=True).get(id=image.id) - 1
        log = logs.open_log(project=project, kind="build")
        build_id = new_id()
        asked = _asked(wish, build_id, number)
        pushes = pushing.planned(image, requested_as=wish.actor.label)
        order = pushing.along(kind_of(asked.source).order(asked), pushes, trigger=wish.trigger, at=now())
        secrets = secrets | pushing.secrets_for(order.push) | secrets_of(_logins(order))
        build = Build.objects.create(
            id=build_id,
            image=image,
            number=number,
            definition=wish.definition,
            revision=wish.revision,
            job=jobs.create_job(
                order=order, project=project, host=host, log=log, secrets=secrets, uses_build_slot=True
            ),
            log=log,
            host=host,
            requested_by=wish.actor.user,
            requested_as=wish.actor.label,
            trigger=wish.trigger,
        )
        pushing.keep(build, pushes)
        _record(wish.actor, action, build, after=wish.found.said if wish.found is not None else "")
        changed(kind="build", id=build.id, state=build.state, project_id=project.id)
    return build


def _host(wish: _Wish) -> Host:
    if wish.found is not None:
        return wish.found.host
    return choose_builder(wish.image.project, builds=kind_of(wish.definition["source"]).builds)


def _asked(wish: _Wish, build_id: str, number: int) -> Asked:
    image, source = wish.image, wish.definition["source"]
    return Asked(
        build=build_id,
        number=number,
        tag=names.image_tag(project=image.project.slug, image=image.slug, build=build_id, number=number),
        labels=labels_of(
            image, source=source, build=build_id, number=number, revision=wish.revision, trigger=wish.trigger
        ),
        source=source,
        settings=wish.definition["build"],
        project=image.project,
        found=wish.found,
    )


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


def _record(actor: Actor, action: str, build: Build, *, after: str = "") -> None:
    project = build.image.project
    audit.record_of(
        project,
        actor=actor,
        action=action,
        target=("build", build.id, f"{project.slug}/{build.image.slug} {build.number}"),
        after={"made of": after} if after else None,
    )
