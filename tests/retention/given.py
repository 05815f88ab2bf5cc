"""Builds of long ago, and rules for them."""

from datetime import datetime, timedelta

from django.utils.timezone import now

from tests.deployments.rig import Harbour
from webapp.images.models import Build
from webapp.retention.models import RetentionRule
from webapp.retention.services import RuleSettings, apply, set_rule

LONG_AGO = timedelta(days=400)


def old_builds(harbour: Harbour, count: int) -> list[Build]:
    """So many builds that succeeded long ago, oldest first."""
    ids = [harbour.built().id for _ in range(count)]
    Build.objects.filter(id__in=ids).update(finished_at=now() - LONG_AGO)
    return list(Build.objects.filter(id__in=ids).order_by("number"))


def ruled(harbour: Harbour, *, at: datetime | None = None, **settings: int | bool | None) -> RetentionRule:
    """The project's rule."""
    return set_rule(
        actor=harbour.cast.actor("operator"),
        project=harbour.cast.project,
        settings=RuleSettings(**settings),  # type: ignore[arg-type]
        now=at or now(),
    )


def applied(harbour: Harbour) -> list[int]:
    """The numbers of the builds that went."""
    plans = apply(actor=harbour.cast.actor("operator"), project=harbour.cast.project, now=now())
    return [build.number for plan in plans for build in plan.gone]


def left(harbour: Harbour) -> list[int]:
    rows = Build.objects.filter(image=harbour.image, expired_at=None).order_by("number")
    return list(rows.values_list("number", flat=True))
