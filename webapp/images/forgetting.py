"""Let go of the bytes of builds that are not needed any more, wherever they are held."""

from datetime import datetime

from django.db.models import QuerySet

from webapp.holdings.forgetting import forget
from webapp.holdings.models import Forgetting, Holding
from webapp.images.models import Build
from webapp.teams.models import Project

BUILDS_AT_ONCE = 1000


def forget_builds(*, project: Project, builds: QuerySet[Build], now: datetime) -> list[Forgetting]:
    """Order the hosts that hold images of these builds to let go of them, unless another build has the same bytes.

    `builds` are of this project, and are ended: either gone with their image, or marked as expired.
    """
    named: dict[str, set[str]] = {}
    held = builds.filter(config_digest__in=Holding.objects.values("image_id"))
    rows = held.order_by("id").values_list("config_digest", "job__order__tag")
    for image_id, tag in rows[:BUILDS_AT_ONCE]:
        named.setdefault(image_id, set()).add(tag)
    for image_id in _still_wanted(builds, set(named)):
        del named[image_id]
    return forget(project=project, images=named, now=now)


def _still_wanted(builds: QuerySet[Build], image_ids: set[str]) -> set[str]:
    """Of these images those that a build which stays, of whatever project, would run."""
    wanted = Build.objects.filter(config_digest__in=image_ids, state="succeeded", expired_at=None)
    others = wanted.exclude(id__in=builds.order_by().values("id"))
    return set(others.values_list("config_digest", flat=True))
