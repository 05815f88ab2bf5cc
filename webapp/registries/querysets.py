"""Access as a filter: the registries of one's teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from webapp.teams.querysets import in_projects_of, team_ids

if TYPE_CHECKING:
    from webapp.registries.models import Registry
    from webapp.teams.models import Project
    from webapp.teams.policy import Actor


class RegistryQuerySet(models.QuerySet["Registry"]):
    def visible_to(self, actor: Actor) -> Self:
        """Registries of the actor's teams, and of the projects among those that the actor may see."""
        return self.there().filter(Q(team__in=team_ids(actor), project=None) | in_projects_of(actor))

    def there(self) -> Self:
        """All but Slipway's own while it is switched off, or where it was before."""
        return self.exclude(Q(own=True) & ~Q(address=settings.OWN_REGISTRY or None))

    def usable_by(self, project: Project) -> Self:
        """Those that serve this project: its own and its team's, its own first."""
        return (
            self.there()
            .filter(Q(project=project) | Q(team=project.team_id, project=None))
            .order_by(models.F("project").asc(nulls_last=True), "address")
        )
