"""Access as a filter: the hosts that serve one's teams."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from runtime.contract.link import SILENT_AFTER_SECONDS
from webapp.teams.policy import Actor
from webapp.teams.querysets import team_ids

if TYPE_CHECKING:
    from webapp.hosts.models import Host


class HostQuerySet(models.QuerySet["Host"]):
    def visible_to(self, actor: Actor) -> Self:
        """Hosts that serve a team of the actor; a site admin sees all. What was removed nobody sees."""
        if actor.site_admin:
            return self.filter(removed=False)
        teams = team_ids(actor)
        if not teams:
            return self.none()
        return self.filter(Q(every_team=True) | Q(teams__in=teams), removed=False).distinct()

    def ready(self, now: datetime) -> Self:
        """Hosts whose `state` is ready at this time."""
        heard = now - timedelta(seconds=SILENT_AFTER_SECONDS)
        return self.filter(engine_answers=True, drained=False, last_heard_at__gte=heard).exclude(credential_digest="")

    def unheard(self, now: datetime) -> Self:
        """Hosts that spoke once and are unknown or revoked at this time."""
        silent = Q(last_heard_at__lt=now - timedelta(seconds=SILENT_AFTER_SECONDS))
        return self.filter(silent | Q(credential_digest=""))

    def serving(self, team_id: str) -> Self:
        """Hosts that serve this team."""
        return self.filter(Q(every_team=True) | Q(teams=team_id), removed=False).distinct()
