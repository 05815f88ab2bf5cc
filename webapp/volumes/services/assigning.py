"""Which volume a replica mounts, and which host its volumes hold it to. Called inside the transaction of an order."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.volumes.models import Volume

Mount = Mapping[str, Any]  # as a service's settings have it: name, path, read_only, shared


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose volumes are asked for: a service, by id and by name, in an environment."""

    service: str
    service_slug: str
    environment: Environment


@dataclass(frozen=True, kw_only=True)
class Pins:
    """Where volumes are: those of a replica by its index, and the shared ones, each with its host's id."""

    own: Mapping[int, Mapping[str, str]]  # index -> volume's name -> host
    shared: Mapping[str, str]  # volume's name -> host


def assign(*, place: Place, host: Host, index: int, mounts: Collection[Mount]) -> list[Volume]:
    """The active volume of each mount, in their order; one that was never there is a new one on this host.

    A volume may be on another host all the same, where somebody was faster: its replica's host then says so.
    """
    return [_one(place, host, index, mount) for mount in mounts]


def pins_of(*, place: Place, mounts: Collection[Mount]) -> Pins:
    """What holds replicas of the service to hosts. One query."""
    own: dict[int, dict[str, str]] = {}
    shared: dict[str, str] = {}
    for volume in _active(place, mounts):
        if volume.service:
            own.setdefault(volume.index, {})[volume.name] = volume.host_id
        else:
            shared[volume.name] = volume.host_id
    return Pins(own=own, shared=shared)


def mounted(*, place: Place, index: int, mounts: Collection[Mount]) -> list[Volume]:
    """The active volumes of one replica, its own and shared ones, as far as they are there."""
    return [volume for volume in _active(place, mounts) if volume.index in (0, index)]


def note_made(volumes: Iterable[str]) -> None:
    """A host has containers with these volumes: they are there."""
    Volume.objects.filter(id__in=list(volumes), made=False).update(made=True)


def _active(place: Place, mounts: Collection[Mount]) -> list[Volume]:
    shared = [mount["name"] for mount in mounts if mount["shared"]]
    own = [mount["name"] for mount in mounts if not mount["shared"]]
    if not mounts:
        return []
    mine = Q(service=place.service, name__in=own) | Q(service="", name__in=shared)
    return list(Volume.objects.active().filter(mine, environment=place.environment).select_related("host"))


def _one(place: Place, host: Host, index: int, mount: Mount) -> Volume:
    whose = {"service": "", "index": 0} if mount["shared"] else {"service": place.service, "index": index}
    volume, _ = Volume.objects.get_or_create(
        environment=place.environment,
        name=mount["name"],
        active=True,
        **whose,
        defaults={
            "project": place.environment.project,
            "host": host,
            "service_slug": "" if mount["shared"] else place.service_slug,
        },
    )
    return volume
