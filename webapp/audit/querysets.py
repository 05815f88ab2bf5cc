"""Access as a filter: the audit trail of one's teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import team_ids

if TYPE_CHECKING:
    from webapp.audit.models import Entry


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, actor: Actor) -> Self:
        """Entries of the actor's teams; a site admin also sees those of no team (hosts, sign-ins, users)."""
        mine = models.Q(team_id__in=team_ids(actor))
        if actor.site_admin:
            mine |= models.Q(team_id="")
        if actor.token is not None and actor.token.project_id is not None:
            mine &= models.Q(project_id=actor.token.project_id)
        return self.filter(mine)
