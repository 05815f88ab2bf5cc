"""Access as a filter: the deploy keys of the projects one may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.deploykeys.models import DeployKey
    from webapp.teams.policy import Actor


class DeployKeyQuerySet(models.QuerySet["DeployKey"]):
    def visible_to(self, actor: Actor) -> Self:
        """Keys of projects the actor may see."""
        return self.filter(in_projects_of(actor))
