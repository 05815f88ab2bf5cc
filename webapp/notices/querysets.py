"""Access as a filter: channels and notices of one's projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.notices.models import Channel, Notice


class ChannelQuerySet(models.QuerySet["Channel"]):
    def visible_to(self, actor: Actor) -> Self:
        """Channels of projects the actor may see."""
        return self.filter(in_projects_of(actor))


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, actor: Actor) -> Self:
        """Notices of projects the actor may see."""
        return self.filter(in_projects_of(actor, path="channel__project"))
