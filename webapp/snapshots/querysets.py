"""Access as a filter: comparisons of replicas in one's projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.snapshots.models import Comparison


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    def visible_to(self, actor: Actor) -> Self:
        """Of projects the actor may see; what they say also wants the right to enter (`snapshots.entering`)."""
        return self.filter(in_projects_of(actor, path="replica__service__project"))
