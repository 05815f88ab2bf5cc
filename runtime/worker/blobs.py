"""Bytes that a job's order names, fetched from the control plane: in parts if need be, and never taken unchecked."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runtime.sources.context import SourceError
from runtime.worker.attempt import Held
from runtime.worker.backoff import Backoff
from runtime.worker.control_plane import Refused, Unreachable

TRIES = 6
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class JobBlobs:
    """`runtime.sources.means.Blobs` for one attempt."""

    held: Held

    def fetch(self, digest: str, *, size: int, into: Path, meanwhile: Callable[[], None]) -> None:
        """See `Blobs`. What came before the connection broke off is not fetched again."""
        hashed, backoff = hashlib.sha256(), Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
        with into.open("xb") as file:
            for left in reversed(range(TRIES)):
                try:
                    self._go_on(digest, size, file, hashed.update, meanwhile)
                    break
                except Unreachable as error:
                    if not left:
                        raise _lost(f"The control plane did not send the archive: {error}", retry_helps=True) from error
                    time.sleep(backoff.pause())
                except Refused as error:
                    raise _lost(f"The control plane does not send the archive: {error}") from error
        if into.stat().st_size != size or f"sha256:{hashed.hexdigest()}" != digest:
            raise _lost("What the control plane sent is not the archive that the order names.", retry_helps=True)

    def _go_on(
        self,
        digest: str,
        size: int,
        file: BinaryIO,
        update: Callable[[bytes], None],
        meanwhile: Callable[[], None],
    ) -> None:
        with self.held.blob(digest, start=file.tell()) as chunks:
            for chunk in chunks:
                meanwhile()
                if file.tell() + len(chunk) > size:
                    raise _lost("The control plane sends more than the order names.")
                file.write(chunk)
                update(chunk)
        if file.tell() < size:
            raise Unreachable(f"it broke off at {file.tell()} of {size} bytes")


def _lost(message: str, *, retry_helps: bool = False) -> SourceError:
    return SourceError(
        message,
        code="archive_missing",
        whose="us",
        advice="Build again." if retry_helps else "Upload the archive again, and build then.",
        retry_helps=retry_helps,
    )
