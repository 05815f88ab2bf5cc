"""Access as a filter: volumes of one's projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.policy import Actor
from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from webapp.volumes.models import Backup, Volume


class VolumeQuerySet(models.QuerySet["Volume"]):
    def visible_to(self, actor: Actor) -> Self:
        """Volumes of projects the actor may see."""
        return self.filter(in_projects_of(actor))

    def active(self) -> Self:
        """Those that containers mount, or would."""
        return self.filter(active=True)

    def standing(self) -> Self:
        """Those that a host has, as far as is known."""
        return self.filter(removed_at__isnull=True)


class BackupQuerySet(models.QuerySet["Backup"]):
    def visible_to(self, actor: Actor) -> Self:
        """Backups of volumes of projects the actor may see."""
        return self.filter(in_projects_of(actor, path="volume__project"))
