"""What hosts say of the images they hold, and what is asked about it. A full list is the truth, the rest are hints."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from runtime.contract.link import ImageHeld, ImagesHeld
from webapp.holdings.models import Holding
from webapp.hosts.models import Host

# A list is told some time after it was made: what was noted since is not gone for being absent from it.
LIST_AGE = timedelta(minutes=1)
ROWS = 500  # in one statement


def hosts_with(image_id: str) -> set[str]:
    """Ids of the hosts that hold this image."""
    return set(Holding.objects.filter(image_id=image_id).values_list("host_id", flat=True))


def holders(image_ids: Collection[str]) -> dict[str, set[str]]:
    """Of these images, each with the ids of the hosts that hold it; those that nobody holds are left out."""
    found: dict[str, set[str]] = {}
    for image_id, host in Holding.objects.filter(image_id__in=image_ids).values_list("image_id", "host_id"):
        found.setdefault(image_id, set()).add(host)
    return found


def noted(*, host_id: str, image_id: str, size: int, build: str = "", now: datetime) -> None:
    """A job on this host has ended with this image."""
    fields = {"size": size, "seen_at": now, "asked_at": None}
    Holding.objects.update_or_create(
        host_id=host_id,
        image_id=image_id,
        defaults=fields,
        create_defaults={**fields, "build": build, "since": now},
    )


def gone(*, host_id: str, image_ids: Collection[str]) -> None:
    """The host does not hold these any more."""
    Holding.objects.filter(host=host_id, image_id__in=image_ids).delete()


def listed(*, host: Host, said: ImagesHeld, now: datetime) -> None:
    """Everything that the host holds, or the newest part of it when it is too much to say (`whole` False)."""
    images = {image.image_id: image for image in said.images}
    with transaction.atomic():
        known = dict(Holding.objects.filter(host=host).values_list("image_id", "seen_at"))
        _add(host, [image for id, image in images.items() if id not in known], now)
        _see(host, sorted(images.keys() & known.keys()), now)
        if said.whole:
            absent = [id for id, seen_at in known.items() if id not in images and seen_at < now - LIST_AGE]
            for part in _parts(absent):
                gone(host_id=host.id, image_ids=part)


def _add(host: Host, images: Iterable[ImageHeld], now: datetime) -> None:
    rows = [
        Holding(host=host, image_id=one.image_id, size=one.size, build=one.build, since=now, seen_at=now)
        for one in images
    ]
    Holding.objects.bulk_create(rows, batch_size=ROWS, ignore_conflicts=True)


def _see(host: Host, image_ids: list[str], now: datetime) -> None:
    for part in _parts(image_ids):
        Holding.objects.filter(host=host, image_id__in=part).update(seen_at=now)


def _parts(image_ids: list[str]) -> Iterable[list[str]]:
    return (image_ids[start : start + ROWS] for start in range(0, len(image_ids), ROWS))
