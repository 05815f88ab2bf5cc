"""What of Slipway's own registry goes with builds that go: by exact digest, and never what another build counts on."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q

from webapp.images.models import Build, Image, Push
from webapp.registries.own import erasing

PUSHES_AT_ONCE = 1000


def leaving(image: Image, *, gone: Collection[str]) -> list[Push]:
    """Pushes of the image's builds that retention let go, and of these (`gone`), that no build which stays counts on.

    A build that stays, of whatever image, is fetched from wherever its bytes were pushed: they stay then.
    """
    rows = Push.objects.filter(Q(build__in=gone) | Q(build__expired_at__isnull=False), build__image=image)
    there = rows.filter(registry__own=True, state="succeeded", let_go_at=None).exclude(digest="")
    found = list(there.select_related("build", "registry").order_by("created_at", "id")[:PUSHES_AT_ONCE])
    image_ids = {push.build.config_digest for push in found}
    staying = Build.objects.filter(config_digest__in=image_ids, state="succeeded", expired_at=None)
    wanted = set(staying.exclude(id__in=gone).values_list("config_digest", flat=True))
    return [push for push in found if push.build.config_digest not in wanted]


def leave(pushes: Iterable[Push], *, now: datetime) -> None:
    """From now on nothing is fetched by these; inside the transaction of whoever lets go of the builds."""
    found = list(pushes)
    Push.objects.filter(id__in=[push.id for push in found]).update(let_go_at=now)
    for push in found:
        if push.registry is not None:
            project = push.build.image.project
            erasing.ask(push.registry, project=project, repository=push.repository, digest=push.digest, now=now)


def stands_on(repository: str, digest: str) -> bool | None:
    """Does a build count on this manifest by now? None: one is on its way to this repository, so it may yet."""
    here = Push.objects.filter(repository=repository)
    if here.filter(state="succeeded", digest=digest, let_go_at=None).exists():
        return True
    return None if here.filter(state="queued").exists() else False


def lost(repository: str, digest: str, *, now: datetime) -> int:
    """The registry does not have it: a push that came while it was being erased is not there either."""
    return Push.objects.filter(repository=repository, digest=digest, let_go_at=None).update(let_go_at=now)
