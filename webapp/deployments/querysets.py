"""Access as a filter: services and what hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.deployments.models import Service


class ServiceQuerySet(models.QuerySet["Service"]):
    def visible_to(self, actor: Actor) -> Self:
        """Services of projects the actor may see."""
        return self.filter(in_projects_of(actor))


class InServiceQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """Rows of services the actor may see."""
        return self.filter(in_projects_of(actor, path="service__project"))


class ReplicaQuerySet(InServiceQuerySet):
    def wanted(self) -> Self:
        """Replicas that should exist (running or stopped on purpose)."""
        return self.exclude(desired="gone")
