"""Access as a filter: images and builds of one's projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.images.models import Build, Image, ImageRevision, Push


class ImageQuerySet(models.QuerySet["Image"]):
    def visible_to(self, actor: Actor) -> Self:
        """Images of projects the actor may see."""
        return self.filter(in_projects_of(actor))


class BuildQuerySet(models.QuerySet["Build"]):
    def visible_to(self, actor: Actor) -> Self:
        """Builds of projects the actor may see."""
        return self.filter(in_projects_of(actor, path="image__project"))


class RevisionQuerySet(models.QuerySet["ImageRevision"]):
    def visible_to(self, actor: Actor) -> Self:
        """Revisions of images of projects the actor may see."""
        return self.filter(in_projects_of(actor, path="image__project"))


class PushQuerySet(models.QuerySet["Push"]):
    def visible_to(self, actor: Actor) -> Self:
        """Pushes of projects the actor may see."""
        return self.filter(in_projects_of(actor, path="build__image__project"))

    def newest(self) -> list[Push]:
        """The last word about each repository, in the order in which the repositories were first pushed to."""
        by_repository: dict[str, Push] = {}
        for push in self.select_related("job", "registry").defer("job__order").order_by("created_at", "id"):
            by_repository[push.repository] = push
        return list(by_repository.values())
