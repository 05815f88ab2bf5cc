"""What rooms above tell this one of who has a volume: it asks, and knows none of them (see `webapp.pages.urls`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.problems import Conflicting
from webapp.volumes.models import Volume


@dataclass(frozen=True)
class Use:
    """A replica that mounts a volume, or will when it is started. `runs`: it is wanted running."""

    replica: str
    service: str
    index: int
    container: str
    runs: bool
    stop_timeout: int


class Users(Protocol):
    """Who knows what mounts volumes."""

    def __call__(self, volumes: Collection[Volume]) -> Mapping[str, Sequence[Use]]:
        """By a volume's id; one that nobody has may be left out. A constant number of queries."""


def refuse_used(volume: Volume, users: Users) -> None:
    """Raise `Conflicting` while a replica has the volume, or a container that is still to be removed."""
    uses = users([volume]).get(volume.id, ())
    if uses:
        names = ", ".join(sorted({f"{use.service} {use.index}" for use in uses}))
        raise Conflicting(
            code="volume.in_use",
            detail=f"Replicas have this volume: {names}. Scale the service down, or take the volume out of it, first.",
        )
