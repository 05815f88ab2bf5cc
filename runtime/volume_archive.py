"""What is in a volume, as an archive: member by member, checked on both ways, and summed up in one digest.

The engine's own archive is written anew, so that it says what is kept and nothing else (names, kinds, owners, modes,
times in seconds, bytes), and so that nothing reaches an engine that was not looked at. What it cannot hold (devices,
pipes, files that run as another user, links that lead out of the volume) is refused already when it is packed: an
archive that could not be restored is no backup.
"""

import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from runtime.contract.archives.rules import ArchiveRefused, Bounds, Ledger, Member
from runtime.contract.archives.tar_reading import Stream, members
from runtime.contract.paths import way_out
from runtime.engine.volumes import TOP
from runtime.tar_writing import END

MAX_ENTRIES = 1_000_000
MAX_NAME = 4000  # bytes
LEVEL = 3  # of gzip: most of what it can save, at a third of the time
GZIP = 16 + zlib.MAX_WBITS
_KINDS: Mapping[str, bytes] = {
    "file": tarfile.REGTYPE,
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "twin": tarfile.LNKTYPE,
}


@dataclass(slots=True)
class Contents:
    """What was met in an archive, once it was read to its end."""

    entries: int = 0
    unpacked: int = 0
    _members: list[bytes] = field(default_factory=list)

    @property
    def tree(self) -> str:
        """The same for the same content, in whatever order it came."""
        whole = hashlib.sha256()
        for one in sorted(self._members):
            whole.update(one)
        return f"sha256:{whole.hexdigest()}"

    def add(self, member: Member, digest: bytes) -> None:
        """One more, with the digest of its bytes."""
        self.entries += 1
        said = hashlib.sha256("\0".join(_facts(member)).encode("utf-8", "surrogateescape"))
        said.update(digest)
        self._members.append(said.digest())


class Pieces:
    """A stream (`tar_reading.Stream`) of what comes piece by piece."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = memoryview(b"")

    def take(self, size: int) -> bytes:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = memoryview(piece)
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)


def ledger(*, entries: int, unpacked: int, tick: Callable[[], None]) -> Ledger:
    """The rules of a volume's archive. Its size is bounded by what it may unpack to, not by a ratio: a database that
    is new holds mostly zeros.
    """
    bounds = Bounds(entries=min(entries, MAX_ENTRIES), bytes=unpacked, free=unpacked)
    return Ledger(packed=0, bounds=bounds, tick=tick, names=_name_complaint, links=way_out)


def written_anew(stream: Stream, rules: Ledger, contents: Contents) -> Iterator[bytes]:
    """The archive that `stream` is, member by member. `contents` are filled. ArchiveRefused, zlib.error."""
    for member, content in members(stream, rules):
        yield _header(member)
        seen = hashlib.sha256()
        for chunk in content:
            seen.update(chunk)
            yield chunk
        yield bytes(-member.size % tarfile.BLOCKSIZE)
        contents.add(member, seen.digest())
    contents.unpacked = rules.unpacked
    yield END


def read_through(stream: Stream, rules: Ledger) -> Contents:
    """What the archive holds."""
    contents = Contents()
    for _ in written_anew(stream, rules, contents):
        pass
    return contents


def packed(archive: Iterable[bytes]) -> Iterator[bytes]:
    """Within gzip; the same bytes give the same bytes."""
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    for piece in archive:
        if data := deflate.compress(piece):
            yield data
    yield deflate.flush()


def _header(member: Member) -> bytes:
    info = tarfile.TarInfo(member.path)
    info.type, info.size, info.linkname = _KINDS[member.kind], member.size, member.target
    info.mode, info.uid, info.gid, info.mtime = member.mode, member.uid, member.gid, member.mtime
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _facts(member: Member) -> list[str]:
    """What must be the same again. A link's own time is nobody's, nor is that of the volume itself."""
    own = member.kind in ("file", "folder")
    mtime = member.mtime if own and member.path != TOP else 0
    attributes = (member.mode, member.uid, member.gid, mtime, member.size) if own else ()
    return [member.kind, member.path, member.target, *map(str, attributes)]


def _name_complaint(path: str) -> str:
    """A file in a volume may be called whatever a file can be, as long as it lies in there."""
    if path != TOP and not path.startswith(f"{TOP}/"):
        return "does not lie in the volume"
    if len(path.encode("utf-8", "surrogateescape")) > MAX_NAME or "\0" in path:
        return "is no name of a file"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "has an empty part, or a part that leads elsewhere"
    return ""


def refusal(error: Exception) -> str:
    """What stands against an archive, as a sentence."""
    return str(error) if isinstance(error, ArchiveRefused) else "It is damaged and cannot be read."
