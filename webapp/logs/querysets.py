"""Access as a filter: logs of one's projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.logs.models import Log


class LogQuerySet(models.QuerySet["Log"]):
    def visible_to(self, actor: Actor) -> Self:
        """Logs of projects the actor may see."""
        return self.filter(in_projects_of(actor))
