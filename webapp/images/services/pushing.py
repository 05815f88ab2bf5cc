"""Pushes: those that a build brings with it, and those of a build that is there already."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.utils.timezone import now

from runtime.contract import orders
from webapp.audit import services as audit
from webapp.findings import Findings
from webapp.ids import new_id
from webapp.images import pushed
from webapp.images.expiry import refuse_without_image
from webapp.images.models import Build, Image, Push
from webapp.images.placing import choose_holder
from webapp.images.services.defining import lock_image
from webapp.images.services.destinations import DEFAULT_TAGS, clean_goal
from webapp.jobs import services as jobs
from webapp.jobs.broadcast import changed
from webapp.logs import services as logs
from webapp.problems import Conflicting
from webapp.registries.logins import login_of, secrets_of
from webapp.registries.models import Registry
from webapp.registries.own import place as own
from webapp.teams.policy import Action, Actor, require

MAX_PUSHES = 100  # of one build, over its whole life


def planned(image: Image, *, requested_as: str) -> list[Push]:
    """The pushes of a build that is about to be asked for, not yet in the database; the first one counts.

    Slipway's own registry, where there is one, gets every build, so that other hosts can run it; as a mirror, so that
    no build fails with it, unless somebody named it.
    """
    rows = image.destinations.filter(registry__in=Registry.objects.there()).select_related("registry")
    named = [
        Push(
            id=new_id(),
            registry=row.registry,
            repository=row.name,
            primary=number == 0,
            templates=row.tags,
            requested_as=requested_as,
        )
        for number, row in enumerate(rows)
    ]
    by_itself = everywhere(image, named=[push.registry_id for push in named if push.registry_id])
    if by_itself is not None:
        by_itself.requested_as = requested_as
        named.append(by_itself)
    return named


def everywhere(image: Image, *, named: Collection[str]) -> Push | None:
    """The push to Slipway's own registry that nobody asks for, not in the database; None where it is among `named`."""
    registry = own.row_for(image.project.team)
    if registry is None or registry.id in named:
        return None
    repository = f"{registry.address}/{own.repository_of(image.project, image.slug)}"
    return Push(id=new_id(), registry=registry, repository=repository, templates=list(DEFAULT_TAGS))


def along(
    order: orders.ImageOrder, pushes: Sequence[Push], *, trigger: Mapping[str, Any] | None, at: datetime
) -> orders.ImageOrder:
    """The order with what is pushed after the build, and what is known of its origin before its source is fetched."""
    if not pushes:
        return order
    branch, git_tag = origin_of(trigger)
    return msgspec.structs.replace(
        order, push=ordered(pushes), branch=branch, git_tag=git_tag, asked_at=int(at.timestamp())
    )


def keep(build: Build, pushes: Iterable[Push]) -> None:
    """They are of this build, and end with it."""
    for push in pushes:
        push.build = build
        push.save(force_insert=True)


def ordered(pushes: Iterable[Push]) -> tuple[orders.Push, ...]:
    """The same as a host is told."""
    return tuple(
        orders.Push(
            push=push.id,
            repository=push.repository,
            tags=tuple(push.templates),
            primary=push.primary,
            login=login_of(push.registry) if push.registry is not None else None,
        )
        for push in pushes
    )


def origin_of(trigger: Mapping[str, Any] | None) -> tuple[str, str]:
    """Branch and Git tag that caused a build, as far as that is known before its source is fetched."""
    known = trigger or {}
    return known.get("branch") or "", known.get("tag") or ""


def secrets_for(pushes: Iterable[orders.Push]) -> dict[str, str]:
    """What the job keeps, so that its claim carries the registries' passwords."""
    return secrets_of(push.login for push in pushes)


def push_build(*, actor: Actor, build: Build, registry: str, repository: str = "", tags: Any = None) -> Push:
    """Push a build that succeeded to a registry (its id), from a host that holds it. `tags`: templates.

    Raises `Invalid`, `Conflicting` (not built, under way), `Unplannable` (no host that holds it can be asked).
    """
    require(actor, Action.BUILD, build.image.project)
    given = {"registry": registry, "repository": repository, "tags": tags}
    findings = Findings()
    goal = clean_goal(findings, project=build.image.project, slug=build.image.slug, given=given, field="push")
    findings.errors = {field.removeprefix("push."): texts for field, texts in findings.errors.items()}
    findings.settle()
    if goal is None:
        raise AssertionError("a destination without findings is one")
    push = _push(actor, build, goal.registry, repository=goal.name, templates=list(goal.tags))
    return _send(actor, push, action="build.push")


def push_again(*, actor: Actor, push: Push) -> Push:
    """The same image to the same place under the same tags once more. Raises as `push_build` does."""
    require(actor, Action.BUILD, push.build.image.project)
    if push.registry is None:
        raise Conflicting(code="push.no_registry", detail=f"The registry of {push.repository} is not known here now.")
    again = _push(actor, push.build, push.registry, repository=push.repository, templates=push.templates)
    return _send(actor, again, action="build.push_again")


def cancel_push(*, actor: Actor, push: Push) -> Push:
    """Cancel a push that waits at once, ask the host of one under way to stop. Twice is once.

    Raises `Conflicting` when it has ended otherwise, or when it is its build's: that is cancelled with the build.
    """
    project = push.build.image.project
    require(actor, Action.BUILD, project)
    if push.job is None:
        raise Conflicting(code="push.of_build", detail="The build itself pushes there: cancel the build.")
    with transaction.atomic():
        already = push.job.cancel_requested_at is not None
        job = jobs.request_cancel(job=push.job, now=now())
        if job.state in ("succeeded", "failed"):
            raise Conflicting(code="push.ended", detail=f"The push to {push.repository} has ended: {job.state}.")
        if not already:
            _record(actor, "build.push_cancel", push)
        pushed.job_changed(job)
    push.refresh_from_db()
    return push


def _push(actor: Actor, build: Build, registry: Registry, *, repository: str, templates: list[str]) -> Push:
    return Push(
        id=new_id(),
        build=build,
        registry=registry,
        repository=repository,
        primary=True,
        templates=templates,
        requested_as=actor.label,
    )


def _send(actor: Actor, push: Push, *, action: str) -> Push:
    build, project = push.build, push.build.image.project
    with transaction.atomic():
        lock_image(build.image)
        build.refresh_from_db(fields=["state", "config_digest", "expired_at"])
        _refuse_unready(push)
        host = choose_holder(build, code="push.no_host", act="push it")
        order = _order(build, push)
        push.job = jobs.create_job(
            order=order,
            project=project,
            host=host,
            log=logs.open_log(project=project, kind="push"),
            secrets=secrets_for(order.push),
        )
        push.save(force_insert=True)
        _record(actor, action, push)
        changed(kind="build", id=build.id, state=build.state, project_id=project.id)
    return push


def _record(actor: Actor, action: str, push: Push) -> None:
    build, project = push.build, push.build.image.project
    audit.record_of(
        project,
        actor=actor,
        action=action,
        target=("build", build.id, f"{project.slug}/{build.image.slug} {build.number}"),
        after={"repository": push.repository, "tags": push.templates},
    )


def _order(build: Build, push: Push) -> orders.PushImage:
    branch, tag = origin_of(build.trigger)
    return orders.PushImage(
        build=build.id,
        number=build.number,
        image=build.config_digest,
        push=ordered([push]),
        commit=build.commit,
        branch=branch,
        git_tag=tag,
        asked_at=int(build.created_at.timestamp()),
    )


def _refuse_unready(push: Push) -> None:
    build = push.build
    refuse_without_image(build, what="push", done="pushed")
    if build.pushes.filter(repository=push.repository, state="queued").exists():
        raise Conflicting(code="push.under_way", detail=f"It is on its way to {push.repository} already.")
    if build.pushes.count() >= MAX_PUSHES:
        raise Conflicting(code="push.too_many", detail=f"A build is pushed at most {MAX_PUSHES} times.")
