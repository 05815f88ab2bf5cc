"""Named volumes, as the engine port has them. What is in one is read and written as a tar archive.

The archive has one folder, `TOP`, in which everything lies; it stands for the volume itself, with its owner and mode.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

TOP = "volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume that the engine holds."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedVolume:
    """The same with its size in bytes, and how many containers (running or not) have it; both None when not counted."""

    volume: Volume
    size: int | None
    containers: int | None


class Volumes(Protocol):
    """The named volumes of this host. None is made or removed with a container."""

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        """A volume of that name exists, kept by the engine itself. Conflict when one exists that does not carry our
        instance's label.
        """

    def volume(self, name: str) -> Volume:
        """By its exact name. NotFound."""

    def remove_volume(self, name: str, *, instance: str) -> None:
        """Removes it with all that is in it; gone already is fine. Conflict while a container has it, or when it is
        not this instance's.
        """

    def count_volumes(self, *, instance: str) -> list[CountedVolume]:
        """Every volume of this instance, by name. It may take the engine a while to count."""

    def read_volume(self, name: str, *, cancelled: Callable[[], bool], timeout: float) -> Iterator[bytes]:
        """What is in it, piece by piece; sockets are not. Nothing runs for it. NotFound, WorkCancelled, WorkTimeout."""

    def write_volume(
        self, name: str, archive: Iterable[bytes], *, cancelled: Callable[[], bool], timeout: float
    ) -> None:
        """Lays what `read_volume` gave into it, with owners, modes and times. What the archive raises is raised here.

        NotFound, BadRequest, DiskFull, WorkCancelled, WorkTimeout.
        """
