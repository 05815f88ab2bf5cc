"""Zip: the directory at its end by the standard library, within a bound; nothing of it is believed unchecked."""

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from runtime.contract.archives.rules import MIB, ArchiveRefused, Ledger, Member
from runtime.contract.paths import MAX_PATH, shown

CHUNK = 64 * 1024
MAX_DIRECTORY = 16 * MIB  # read into memory as a whole
SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID
ENCRYPTED = 0x1
PACKED_HOW = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(slots=True)
class _Bounded:
    """A file of which no one read takes more than a zip's directory may have. The library reads as it is told to."""

    file: BinaryIO

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > MAX_DIRECTORY:
            here = self.file.tell()
            left = self.file.seek(0, io.SEEK_END) - here
            self.file.seek(here)
            if left > MAX_DIRECTORY:
                raise ArchiveRefused("Its directory is too large.", too_large=True)
        return self.file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def seekable(self) -> bool:
        return True


def members(file: BinaryIO, ledger: Ledger) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Each member with its content. ArchiveRefused, and what the library raises for what is damaged."""
    with zipfile.ZipFile(_Bounded(file)) as archive:
        infos = archive.infolist()
        if len(infos) > ledger.bounds.entries:
            raise ArchiveRefused(f"It holds more than {ledger.bounds.entries} entries.", too_large=True)
        for info in infos:
            member = _member(archive, info)
            if member is None:
                ledger.admit_root()
                continue
            ledger.admit(member)
            yield member, _content(archive, info, ledger) if member.kind == "file" else iter(())


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member | None:
    """None for the root itself."""
    name = info.orig_filename  # the other one ends at the first NUL
    while name.startswith("./"):
        name = name[2:]
    mode = info.external_attr >> 16
    is_folder = name.endswith("/") or stat.S_ISDIR(mode)
    path = name.removesuffix("/") if is_folder else name
    if info.flag_bits & ENCRYPTED:
        raise ArchiveRefused(f"{shown(path)} is encrypted.")
    if info.compress_type not in PACKED_HOW:
        raise ArchiveRefused(f"{shown(path)} is packed in an unusual way: pack with deflate.")
    if is_folder:
        return Member(path=path, kind="folder") if path not in ("", ".") else None
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFLNK):
        raise ArchiveRefused(f"{shown(path)} is a device, a pipe or something else that is no file, folder or link.")
    if mode & SPECIAL_BITS:
        raise ArchiveRefused(f"{shown(path)} would run as another user (set-user-ID or set-group-ID).")
    if stat.S_ISLNK(mode):
        return Member(path=path, kind="link", target=_target(archive, info, path))
    return Member(path=path, kind="file", size=info.file_size, executable=bool(mode & 0o111))


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str) -> str:
    if info.file_size > MAX_PATH:
        raise ArchiveRefused(f"The link {shown(path)} leads to a name that is not plain.")
    with archive.open(info) as content:
        return content.read(MAX_PATH).decode("utf-8", "surrogateescape")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, ledger: Ledger) -> Iterator[bytes]:
    """Exactly as many bytes as its directory said, with their checksum; or the library's error."""
    left = info.file_size
    with archive.open(info) as content:
        while chunk := content.read(CHUNK):
            ledger.tick()
            left -= len(chunk)
            yield chunk
    if left:
        raise ArchiveRefused(f"It is damaged: {shown(info.orig_filename)} ends in the middle.")
