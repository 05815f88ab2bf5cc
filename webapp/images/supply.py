"""Where the bytes of a build can be had: on hosts that hold them, and in registries that they were pushed to.

The one place that decides where an image may run: a host that holds it runs it, and so does any other that can pull it.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet

from runtime.contract import names
from runtime.contract.orders import PullFrom
from webapp.holdings import services as holdings
from webapp.images.models import Build, Push
from webapp.registries.logins import login_of
from webapp.registries.models import Registry

MAX_SOURCES = 3  # registries that a host tries, one after the other


def holders(build: Build) -> set[str]:
    """Ids of the hosts that hold its bytes, as they say."""
    if not build.config_digest:
        return {build.host_id}
    return holdings.hosts_with(build.config_digest)


def is_pulled(build: Build) -> bool:
    """Can a host that does not hold it fetch it by digest?"""
    return bool(_pushes(build))


def sources(build: Build) -> tuple[PullFrom, ...]:
    """The registries to fetch it from, by digest: the one that counts first, then the newest."""
    return tuple(
        PullFrom(reference=push.reference, login=login_of(push.registry) if push.registry is not None else None)
        for push in _pushes(build)
    )


def local_name(build: Build) -> str:
    """The name under which every host keeps it, that which built it and those which pulled it."""
    image = build.image
    return names.image_tag(project=image.project.slug, image=image.slug, build=build.id, number=build.number)


def runnable(builds: QuerySet[Build]) -> QuerySet[Build]:
    """Of builds that succeeded those whose bytes are had somewhere: kept on hosts, or in a registry still."""
    alike = _there().filter(build__image=OuterRef("image"), build__config_digest=OuterRef("config_digest"))
    return builds.filter(Q(expired_at=None) | Exists(alike), state="succeeded")


def _there() -> QuerySet[Push]:
    """Pushes to what is known still and was not told to let go of it."""
    done = Push.objects.filter(state="succeeded", let_go_at=None)
    return done.filter(registry__in=Registry.objects.there()).exclude(digest="")


def _pushes(build: Build) -> list[Push]:
    """What is in a registry that is known still, each place once. Bytes that another build made alike are the same."""
    if not build.config_digest:
        return []
    same = Build.objects.filter(image=build.image_id, config_digest=build.config_digest, state="succeeded")
    rows = _there().filter(build__in=same)
    by_place: dict[str, Push] = {}
    for push in rows.select_related("registry").order_by("-primary", "-created_at", "-id"):
        by_place.setdefault(push.reference, push)
    return list(by_place.values())[:MAX_SOURCES]
