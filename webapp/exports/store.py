"""The archives' files: one that comes in per attempt, one that is whole. The only file that knows where they are."""

import fcntl
import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from django.conf import settings

PIECE = 1024 * 1024
FREE_PART = 0.1  # so much of the disk stays free for the database


def folder() -> Path:
    """Where they are; made when it is not there."""
    found: Path = settings.SLIPWAY_HOME / "exports"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def archive(export_id: str) -> Path:
    """The whole one."""
    return folder() / f"{export_id}.tar"


def coming(export_id: str, attempt: int) -> Path:
    """What an attempt has sent so far."""
    return folder() / f"{export_id}.{attempt}.part"


def held(export_id: str, attempt: int) -> int:
    """Bytes of an attempt that are here."""
    path = coming(export_id, attempt)
    return path.stat().st_size if path.exists() else 0


def take(export_id: str, attempt: int, *, offset: int, piece: bytes) -> int:
    """Keep a piece; how many bytes are held then. One that leaves a gap, or is held already, changes nothing.

    A first piece takes the place of what other attempts sent.
    """
    path = coming(export_id, attempt)
    if offset == 0 and not path.exists():
        forget(export_id)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the same piece, sent again while the first is written
        size = file.seek(0, os.SEEK_END)
        if offset > size or offset + len(piece) <= size:
            return size
        file.truncate(offset)  # what was written of it before this process died
        file.write(piece)
    return offset + len(piece)


def whole_file(export_id: str, attempt: int) -> Path:
    """What this attempt has sent, under the name that it has by now."""
    path = coming(export_id, attempt)
    return path if path.exists() else archive(export_id)


def digest_of(path: Path) -> str:
    """The sha256 of a whole file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return f"sha256:{found.hexdigest()}"


def complete(export_id: str, attempt: int) -> None:
    """What this attempt has sent is the archive. Twice is once: the first may have died before it said so."""
    os.replace(whole_file(export_id, attempt), archive(export_id))


def forget(export_id: str) -> None:
    """Remove every file of this export; gone already is fine."""
    for path in folder().glob(f"{export_id}.*"):
        path.unlink(missing_ok=True)


def others(wanted: Collection[str]) -> list[str]:
    """Ids of exports of which a file is here though they are not wanted."""
    here = {path.name.partition(".")[0] for path in folder().iterdir()}
    return sorted(here - set(wanted))


def has_room(size: int) -> bool:
    """Do so many bytes more leave the disk some room?"""
    disk = os.statvfs(folder())
    return disk.f_bavail * disk.f_frsize - size > disk.f_blocks * disk.f_frsize * FREE_PART
