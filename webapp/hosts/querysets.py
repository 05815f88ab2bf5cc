"""Access as a filter: the hosts that serve one's teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from webapp.teams.policy import Actor
from webapp.teams.querysets import team_ids

if TYPE_CHECKING:
    from webapp.hosts.models import Host


class HostQuerySet(models.QuerySet["Host"]):
    def visible_to(self, actor: Actor) -> Self:
        """Hosts that serve a team of the actor; a site admin sees all."""
        if actor.site_admin:
            return self
        teams = team_ids(actor)
        if not teams:
            return self.none()
        return self.filter(Q(every_team=True) | Q(teams__in=teams)).distinct()

    def serving(self, team_id: str) -> Self:
        """Hosts that serve this team."""
        return self.filter(Q(every_team=True) | Q(teams=team_id)).distinct()
