"""Access as a filter, for everything that hangs on a project."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of


class InProjectQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """Rows of projects the actor may see."""
        return self.filter(in_projects_of(actor))
