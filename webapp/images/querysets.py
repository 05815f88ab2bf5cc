"""Access as a filter: images and builds of one's projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.images.models import Build, Image, ImageRevision


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
