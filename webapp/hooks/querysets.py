"""Access as a filter: hooks and deliveries of one's projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.hooks.models import Delivery, Hook


class HookQuerySet(models.QuerySet["Hook"]):
    def visible_to(self, actor: Actor) -> Self:
        """Hooks of projects the actor may see."""
        return self.filter(in_projects_of(actor, path="image__project"))


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, actor: Actor) -> Self:
        """Deliveries to hooks of projects the actor may see."""
        return self.filter(in_projects_of(actor, path="hook__image__project"))
