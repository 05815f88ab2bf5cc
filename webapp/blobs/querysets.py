"""Access as a filter: the uploads of the projects one may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.blobs.models import Upload
    from webapp.teams.policy import Actor


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, actor: Actor) -> Self:
        """What is ready in projects the actor may see."""
        return self.ready().filter(in_projects_of(actor))

    def ready(self) -> Self:
        """Those that came in whole and were found good."""
        return self.filter(state="ready").select_related("blob")
