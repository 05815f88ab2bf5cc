"""Archives that hosts send piece by piece: a file that comes in per attempt, one that is whole."""

import fcntl
import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

PIECE = 1024 * 1024
FREE_PART = 0.1  # so much of the disk stays free for the database


@dataclass(frozen=True)
class Pieces:
    """The only one that knows where a room's files are. `id` is the row's that an archive belongs to."""

    name: str  # of the folder
    suffix: str

    def folder(self) -> Path:
        """Where they are; made when it is not there."""
        found: Path = settings.SLIPWAY_HOME / self.name
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        return found

    def archive(self, id: str) -> Path:
        """The whole one."""
        return self.folder() / f"{id}{self.suffix}"

    def coming(self, id: str, attempt: int) -> Path:
        """What an attempt has sent so far."""
        return self.folder() / f"{id}.{attempt}.part"

    def held(self, id: str, attempt: int) -> int:
        """Bytes of an attempt that are here."""
        path = self.coming(id, attempt)
        return path.stat().st_size if path.exists() else 0

    def take(self, id: str, attempt: int, *, offset: int, piece: bytes) -> int:
        """Keep a piece; how many bytes are held then. One that leaves a gap, or is held already, changes nothing.

        A first piece takes the place of what other attempts sent.
        """
        path = self.coming(id, attempt)
        if offset == 0 and not path.exists():
            self.forget(id)
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the same piece, sent again while the first is written
            size = file.seek(0, os.SEEK_END)
            if offset > size or offset + len(piece) <= size:
                return size
            file.truncate(offset)  # what was written of it before this process died
            file.write(piece)
        return offset + len(piece)

    def whole_file(self, id: str, attempt: int) -> Path:
        """What this attempt has sent, under the name that it has by now."""
        path = self.coming(id, attempt)
        return path if path.exists() else self.archive(id)

    def complete(self, id: str, attempt: int) -> None:
        """What this attempt has sent is the archive. Twice is once: the first may have died before it said so."""
        os.replace(self.whole_file(id, attempt), self.archive(id))

    def forget(self, id: str) -> None:
        """Remove every file of this row; gone already is fine."""
        for path in self.folder().glob(f"{id}.*"):
            path.unlink(missing_ok=True)

    def others(self, wanted: Collection[str]) -> list[str]:
        """Ids of rows of which a file is here though they are not wanted."""
        here = {path.name.partition(".")[0] for path in self.folder().iterdir()}
        return sorted(here - set(wanted))

    def has_room(self, size: int) -> bool:
        """Do so many bytes more leave the disk some room?"""
        disk = os.statvfs(self.folder())
        return disk.f_bavail * disk.f_frsize - size > disk.f_blocks * disk.f_frsize * FREE_PART


def digest_of(path: Path) -> str:
    """The sha256 of a whole file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return f"sha256:{found.hexdigest()}"
