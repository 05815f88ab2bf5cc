"""Access as a filter, for everything that hangs on a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.environments.models import Secret


class InProjectQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """Rows of projects the actor may see."""
        return self.filter(in_projects_of(actor))


class SecretQuerySet(InProjectQuerySet):
    def current(self) -> dict[str, Secret]:
        """The newest version of each name that is not retired; to be asked of one place. One query."""
        return {secret.name: secret for secret in self.filter(retired_at=None).order_by("version")}
