"""The files of a saved image, out of its archive: in a folder of ours under numbers, known by name, size and digest.

No name of the archive becomes a name on the disk. Links are kept as words and followed among the archive's own names.
"""

import hashlib
import json
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.contract.archives.rules import ArchiveRefused, Bounds, Format, Ledger, Member
from runtime.contract.archives.walking import walk
from runtime.contract.paths import shown

MAX_ENTRIES = 5000
MAX_LINKS = 8  # one behind another
MAX_JSON = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """A file: where its bytes lie now, how many, and their sha256."""

    file: Path
    size: int
    digest: str


@dataclass(slots=True)
class Parts:
    """Everything in the archive, by the names that it gives."""

    ledger: Ledger
    _files: dict[str, Part] = field(default_factory=dict)
    _links: dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Is there a file, or a link, of this name?"""
        return name in self._files or name in self._links

    def find(self, name: object) -> Part:
        """The file of this name, or where a link of this name leads. ArchiveRefused."""
        path = name if isinstance(name, str) else ""
        for _ in range(MAX_LINKS):
            if path in self._files:
                return self._files[path]
            if path not in self._links:
                break
            path = self._links[path]
        raise ArchiveRefused(f"It names a part {shown(str(name))} that it does not hold.")

    def blob(self, digest: str) -> Part:
        """The part of a layout that lies under its digest, which is its own. ArchiveRefused."""
        part = self.find(f"blobs/{digest.replace(':', '/')}")
        if part.digest != digest:
            raise ArchiveRefused(f"The blob {digest} is not what its name says: it has {part.digest}.")
        return part

    def put(self, member: Member, content: Iterator[bytes], *, folder: Path) -> None:
        """Keep one member; a folder is nothing to keep."""
        if member.kind == "file":
            self._files[member.path] = _written(content, folder / str(len(self._files)))
        elif member.kind == "twin":
            self._files[member.path] = self._files[member.target]
        elif member.kind == "link":
            above = posixpath.dirname(member.path)
            self._links[member.path] = posixpath.normpath(posixpath.join(above, member.target))


def unpacked(archive: Path, *, form: Format, folder: Path, tick: Callable[[], None]) -> Parts:
    """What is in the archive, by the rules of what is uploaded; `folder` is empty. ArchiveRefused, and what `tick`
    raises, which is called often.
    """
    bounds = Bounds(entries=MAX_ENTRIES)
    parts = Parts(Ledger(packed=archive.stat().st_size, bounds=bounds, tick=tick))
    with archive.open("rb") as file:
        for member, content in walk(file, form=form, ledger=parts.ledger):
            parts.put(member, content, folder=folder)
    return parts


def json_object(part: Part, what: str) -> dict[str, Any]:
    """A part that is a JSON object, no name of which is there twice. ArchiveRefused."""
    value = json_of(part, what)
    if not isinstance(value, dict):
        raise ArchiveRefused(f"The {what} in it cannot be read.")
    return value


def json_of(part: Part, what: str) -> Any:
    """A part that is JSON. ArchiveRefused."""
    if part.size > MAX_JSON:
        raise ArchiveRefused(f"The {what} in it is larger than {MAX_JSON} bytes.", too_large=True)
    try:
        return json.loads(part.file.read_bytes(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ArchiveRefused(f"The {what} in it cannot be read.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two equal names counts differs from reader to reader."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _written(content: Iterator[bytes], place: Path) -> Part:
    hashed, size = hashlib.sha256(), 0
    with place.open("xb") as file:
        for chunk in content:
            hashed.update(chunk)
            size += len(chunk)
            file.write(chunk)
    return Part(file=place, size=size, digest=f"sha256:{hashed.hexdigest()}")
