"""Access as a filter: the certificates of the projects one may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from webapp.teams.querysets import in_projects_of

if TYPE_CHECKING:
    from datetime import datetime

    from webapp.certificates.models import Certificate
    from webapp.teams.policy import Actor


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def visible_to(self, actor: Actor) -> Self:
        """Certificates of projects the actor may see."""
        return self.filter(in_projects_of(actor))

    def good_at(self, moment: datetime) -> Self:
        """Those that count at this moment."""
        return self.filter(not_before__lte=moment, not_after__gt=moment)
