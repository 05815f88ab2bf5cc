"""An archive that came in is read once, from its first to its last byte, without unpacking it anywhere."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from runtime.contract.archives.rules import ArchiveRefused, Bounds, Format, Ledger
from runtime.contract.archives.walking import check, format_of
from webapp.problems import Invalid, Refusal, TooLarge, Unavailable

MAX_SECONDS = 300.0
MAX_AT_ONCE = 2  # in this process; a check takes a processor and some memory
WAIT_SECONDS = 120.0

_places = threading.BoundedSemaphore(MAX_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an archive is."""

    format: Format
    entries: int
    unpacked: int
    notes: list[str]


class _TooSlow(Exception):
    """The reading took longer than any good archive takes."""


def checked(path: Path, *, declared: Format | None, bounds: Bounds | None = None) -> Found:
    """What is in the archive. Raises `Invalid`, `TooLarge`; `Unavailable` when too many are being checked."""
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(code="upload.busy", detail="Too many archives are being checked. Try again in a minute.")
    try:
        return _read(path, declared, bounds or Bounds())
    except ArchiveRefused as error:
        raise refusal(error) from error
    except _TooSlow as error:
        raise TooLarge(code="archive.too_slow", detail="Reading the archive takes too long.") from error
    finally:
        _places.release()


def refusal(error: ArchiveRefused) -> Refusal:
    """As the API says it."""
    if error.too_large:
        return TooLarge(code="archive.too_large", detail=str(error))
    return Invalid({"archive": [str(error)]}, code="archive.refused", detail=f"The archive is refused. {error}")


def _read(path: Path, declared: Format | None, bounds: Bounds) -> Found:
    until = time.monotonic() + MAX_SECONDS

    def tick() -> None:
        if time.monotonic() > until:
            raise _TooSlow

    with path.open("rb") as file:
        found = format_of(file)
        if declared not in (None, found):
            raise ArchiveRefused(f"It was sent as {declared}, and is {found}.")
        ledger = Ledger(packed=path.stat().st_size, bounds=bounds, tick=tick)
        check(file, form=found, ledger=ledger)
    return Found(format=found, entries=ledger.entries, unpacked=ledger.unpacked, notes=ledger.notes)
