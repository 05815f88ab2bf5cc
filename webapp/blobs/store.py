"""The folder of blobs: files under their digest, whole or not there. Knows no table.

A file is written beside, flushed to disk and renamed; what was begun and not ended lies in `incoming`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from runtime.contract.names import DIGEST

ALGORITHM = "sha256"


def root() -> Path:
    return Path(settings.BLOBS_DIR)


def incoming(name: str) -> Path:
    """Where something is written before it has a digest. The folder is made, for nobody else to look into."""
    folder = root() / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / name


def path_of(digest: str) -> Path:
    """Where these bytes lie, or would. ValueError for what is no digest."""
    if not DIGEST.fullmatch(digest):
        raise ValueError("not a digest")
    hexadecimal = digest.partition(":")[2]
    return root() / ALGORITHM / hexadecimal[:2] / hexadecimal


def keep(written: Path, *, digest: str) -> None:
    """Give a written file its place; it is on disk when this returns."""
    place = path_of(digest)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.exists():
        written.unlink()
        return
    os.replace(written, place)
    for folder in (place.parent, place.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def open_blob(digest: str) -> BinaryIO:
    """FileNotFoundError when it is gone."""
    return path_of(digest).open("rb")


def drop(digest: str) -> None:
    """Forget the bytes; twice is once."""
    place = path_of(digest)
    place.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or another's
        place.parent.rmdir()


def unfinished(*, older_than: float) -> Iterator[Path]:
    """What was begun more than so many seconds ago and lies there still."""
    yield from _older(root() / "incoming", "*", older_than)


def kept(*, older_than: float) -> Iterator[str]:
    """Digests of what has lain there for more than so many seconds."""
    for path in _older(root() / ALGORITHM, "*/*", older_than):
        yield f"{ALGORITHM}:{path.name}"


def _older(folder: Path, pattern: str, seconds: float) -> Iterator[Path]:
    before = time.time() - seconds
    for path in folder.glob(pattern):
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < before:
                yield path
