"""Tar, plain and within gzip, read forward only: the standard library reads a header's block, and no more.

`tarfile.TarFile` itself would read a header extension of any size into memory, follow sparse maps, and take a damaged
archive for one that ends.
"""

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

from runtime.contract.archives.rules import ArchiveRefused, Ledger, Member
from runtime.contract.paths import shown

BLOCK = tarfile.BLOCKSIZE
CHUNK = 64 * 1024
MAX_EXTENSION = 64 * 1024  # of a header: names and times
MAX_PADDING = 1024 * 1024  # zeros after the last member
MAX_EXTENSIONS = 8  # before one member
GZIP = 16 + zlib.MAX_WBITS  # what zlib calls it
SPECIAL_BITS = 0o6000  # set user or group ID

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_SPARSE = (tarfile.GNUTYPE_SPARSE,)
_KNOWN = (*_FILES, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE)


class Stream(Protocol):
    """Bytes from the beginning to the end."""

    def take(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end."""


@dataclass(slots=True)
class Plain:
    file: BinaryIO

    def take(self, size: int) -> bytes:
        return self.file.read(size)


class Unzipped:
    """What gzip packed, a bounded part at a time; several gzip members one after another are one stream."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(GZIP)
        self._packed = b""

    def take(self, size: int) -> bytes:
        while True:
            if self._inflate.eof:
                self._packed = self._inflate.unused_data or self._file.read(CHUNK)
                if not self._packed:
                    return b""
                self._inflate = zlib.decompressobj(GZIP)
            elif not self._packed:
                self._packed = self._file.read(CHUNK)
                if not self._packed:
                    raise _cut_off()
            found = self._inflate.decompress(self._packed, size)
            self._packed = self._inflate.unconsumed_tail
            if found:
                return found


@dataclass(slots=True)
class _Extended:
    """What extensions say of the next member, in place of its header."""

    path: str | None = None
    target: str | None = None
    size: int | None = None
    uid: int | None = None
    gid: int | None = None


def members(stream: Stream, ledger: Ledger) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Each member with its content, which has to be read, if at all, before the next. ArchiveRefused, zlib.error."""
    globally = _Extended()
    while True:
        found = _next(stream, ledger, globally)
        if found is None:
            _end(stream, ledger)
            return
        member, size = found
        content = _content(stream, size, ledger)
        if member is None:
            ledger.admit_root()
        else:
            ledger.admit(member)
            yield member, content
        for _ in content:
            pass  # what was not read is passed over
        _exactly(stream, -size % BLOCK)


def _next(stream: Stream, ledger: Ledger, globally: _Extended) -> tuple[Member | None, int] | None:
    """The next member and the bytes that follow it; no member for the root itself; None at the end."""
    extended = replace(globally)
    for _ in range(MAX_EXTENSIONS):
        ledger.tick()
        header = _header(stream)
        if header is None:
            return None
        if header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            _extend(extended, _extension(stream, header))
        elif header.type == tarfile.XGLTYPE:
            _extend(globally, _extension(stream, header))
        elif header.type == tarfile.GNUTYPE_LONGNAME:
            extended.path = _text(_extension(stream, header).split(b"\0", 1)[0])
        elif header.type == tarfile.GNUTYPE_LONGLINK:
            extended.target = _text(_extension(stream, header).split(b"\0", 1)[0])
        else:
            return _member(header, extended)
    raise ArchiveRefused("A header of it is extended too often.")


def _end(stream: Stream, ledger: Ledger) -> None:
    """Zeros to the end, so that what is cut off or damaged there is found too."""
    left = MAX_PADDING
    while chunk := stream.take(CHUNK):
        ledger.tick()
        left -= len(chunk)
        if left < 0 or chunk.strip(b"\0"):
            raise ArchiveRefused("It goes on after its end.")


def _header(stream: Stream) -> tarfile.TarInfo | None:
    block = _exactly(stream, BLOCK)
    if not block.strip(b"\0"):
        return None
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError) as error:
        raise ArchiveRefused("It is damaged: a header of it cannot be read.") from error


def _member(header: tarfile.TarInfo, extended: _Extended) -> tuple[Member | None, int]:
    name = header.name if extended.path is None else extended.path
    is_folder = header.type == tarfile.DIRTYPE
    path = _relative(name.removesuffix("/") if is_folder else name)
    if header.type in _SPARSE:
        raise _sparse()
    if header.type not in _KNOWN:
        raise ArchiveRefused(f"{shown(path)} is a device, a pipe or something else that is no file, folder or link.")
    if header.mode & SPECIAL_BITS and not is_folder:
        raise ArchiveRefused(f"{shown(path)} would run as another user (set-user-ID or set-group-ID).")
    size = (header.size if extended.size is None else extended.size) if header.type in _FILES else 0
    if size < 0:
        raise ArchiveRefused(f"The size of {shown(path)} is none.")
    entry = Member(
        path=path,
        kind="file",
        size=size,
        mode=header.mode & 0o7777,
        uid=header.uid if extended.uid is None else extended.uid,
        gid=header.gid if extended.gid is None else extended.gid,
        mtime=int(header.mtime),
    )
    if is_folder:
        return (None if path in (".", "") else replace(entry, kind="folder")), 0
    target = header.linkname if extended.target is None else extended.target
    if header.type == tarfile.SYMTYPE:
        return replace(entry, kind="link", target=target), 0
    if header.type == tarfile.LNKTYPE:
        return replace(entry, kind="twin", target=_relative(target)), 0
    return replace(entry, executable=bool(header.mode & 0o111)), size


def _relative(name: str) -> str:
    """Tar writes names as ./name when a folder was packed from within."""
    while name.startswith("./"):
        name = name[2:]
    return name


def _extension(stream: Stream, header: tarfile.TarInfo) -> bytes:
    if not 0 <= header.size <= MAX_EXTENSION:
        raise ArchiveRefused("A header of it is extended by too much.")
    data = _exactly(stream, header.size)
    _exactly(stream, -header.size % BLOCK)
    return data


def _extend(extended: _Extended, data: bytes) -> None:
    """Records `length key=value\\n`; what is not about names and sizes is passed over."""
    while data:
        length_text = data.partition(b" ")[0]
        if not (length_text.isdigit() and len(length_text) < 7 and len(length_text) < int(length_text) <= len(data)):
            raise ArchiveRefused("It is damaged: an extended header cannot be read.")
        length = int(length_text)
        key, _, value = data[len(length_text) + 1 : length - 1].partition(b"=")
        data = data[length:]
        if key.startswith(b"GNU.sparse."):
            raise _sparse()
        if key == b"path":
            extended.path = _text(value)
        elif key == b"linkpath":
            extended.target = _text(value)
        elif key == b"size":
            extended.size = _number(value)
        elif key == b"uid":
            extended.uid = _number(value)
        elif key == b"gid":
            extended.gid = _number(value)


def _number(value: bytes) -> int:
    if not (value.isdigit() and len(value) < 19):
        raise ArchiveRefused("It is damaged: a size in it is no number.")
    return int(value)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")  # what is no text is refused with the name


def _content(stream: Stream, size: int, ledger: Ledger) -> Iterator[bytes]:
    while size:
        ledger.tick()
        chunk = stream.take(min(size, CHUNK))
        if not chunk:
            raise _cut_off()
        size -= len(chunk)
        yield chunk


def _exactly(stream: Stream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.take(size - len(data))
        if not more:
            raise _cut_off()
        data += more
    return data


def _cut_off() -> ArchiveRefused:
    return ArchiveRefused("It ends in the middle: it was not packed or sent to its end.")


def _sparse() -> ArchiveRefused:
    return ArchiveRefused("It holds a sparse file, which unpacks to any size: pack without --sparse.", too_large=True)
