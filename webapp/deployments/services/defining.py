"""Define and change services."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from webapp.authors import noted
from webapp.deployments.authorship import parts_of
from webapp.deployments.models import Service
from webapp.deployments.settings.judging import refuse_beyond
from webapp.deployments.settings.validation import clean_service
from webapp.deployments.telling import tell_service
from webapp.environments.models import Environment
from webapp.images import services as images
from webapp.images.models import Image
from webapp.problems import Conflicting, Missing
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_SERVICES = 100  # of one project


def define_service(
    *,
    actor: Actor,
    project: Project,
    slug: str,
    image: Image,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Service:
    """A new service. Raises `Invalid`, `Conflicting` (slug taken, too many), `Missing` (another project's image)."""
    require(actor, Action.DEFINE, project)
    _check_image(project, image)
    clean, clean_there = clean_service(
        slug=slug, settings=settings or {}, overrides=overrides or {}, environments=_slugs(project)
    )
    refuse_beyond(clean or {}, clean_there or {})
    if Service.objects.filter(project=project).count() >= MAX_SERVICES:
        raise Conflicting(code="service.too_many", detail=f"A project has at most {MAX_SERVICES} services.")
    with transaction.atomic():
        images.lock_image(image)
        try:
            with transaction.atomic():
                service = Service.objects.create(
                    project=project, slug=slug, image=image, settings=clean, overrides=clean_there
                )
        except IntegrityError as error:
            raise _taken(slug) from error
        tell_service(actor=actor, action="service.define", service=service, after=_facts(service))
    return service


def change_service(
    *,
    actor: Actor,
    service: Service,
    slug: str | None = None,
    image: Image | None = None,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Service:
    """Change what is given (`settings` and `overrides` as a whole); what runs changes with the next deployment only."""
    require(actor, Action.DEFINE, service.project)
    before, parts = _facts(service), parts_of(service)
    clean, clean_there = clean_service(
        slug=slug, settings=settings, overrides=overrides, environments=_slugs(service.project)
    )
    if slug is not None:
        service.slug = slug
    if image is not None:
        _check_image(service.project, image)
        service.image = image
    if clean is not None:
        service.settings = clean
    if clean_there is not None:
        service.overrides = clean_there
    if clean is not None or clean_there is not None:
        refuse_beyond(service.settings, service.overrides)
    after = _facts(service)
    if after == before:
        return service
    service.changed_by = noted(service.changed_by, before=parts, after=parts_of(service), person=actor.person_id())
    with transaction.atomic():
        if image is not None:
            images.lock_image(image)
        try:
            with transaction.atomic():
                service.save(update_fields=["slug", "image", "settings", "overrides", "changed_by"])
        except IntegrityError as error:
            raise _taken(service.slug) from error
        tell_service(actor=actor, action="service.change", service=service, before=before, after=after)
    return service


def _check_image(project: Project, image: Image) -> None:
    if image.project_id != project.id:
        raise Missing(code="image.missing", detail="The project has no such image.")


def _slugs(project: Project) -> frozenset[str]:
    return frozenset(Environment.objects.filter(project=project).values_list("slug", flat=True))


def _taken(slug: str) -> Conflicting:
    return Conflicting(code="service.slug_taken", detail=f"The project already has a service {slug}.")


def _facts(service: Service) -> dict[str, Any]:
    return {
        "slug": service.slug,
        "image": service.image_id,
        "settings": service.settings,
        "overrides": service.overrides,
    }
