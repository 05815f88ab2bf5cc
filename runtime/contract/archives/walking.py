"""An archive from its first to its last member, by the rules. Writes nothing: that is for who walks.

with open(path, "rb") as file:
    for member, content in walk(file, form=form_of(file), ledger=ledger):
        ...
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, TypeVar

from runtime.contract.archives import tar_reading, zip_reading
from runtime.contract.archives.rules import ArchiveRefused, Format, Ledger, Member

HEAD = 262  # bytes that tell tar from other files: its magic word ends there
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, struct.error, RuntimeError)

Part = TypeVar("Part")


def format_of(file: BinaryIO) -> Format:
    """By its first bytes. ArchiveRefused for what is none of ours."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return "tar.gz"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    raise ArchiveRefused("This is no archive that is taken here: tar, tar.gz and zip are.")


def walk(file: BinaryIO, *, form: Format, ledger: Ledger) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Each member with its content, which has to be read, if at all, before the next one.

    Raises ArchiveRefused, also for what is damaged, and what the ledger's tick raises.
    """
    file.seek(0, io.SEEK_SET)
    for member, content in _readable(_members(file, form, ledger)):
        yield member, _readable(content)
    if not ledger.entries:
        raise ArchiveRefused("It holds nothing.")


def check(file: BinaryIO, *, form: Format, ledger: Ledger) -> None:
    """Read all of it. ArchiveRefused."""
    for _, content in walk(file, form=form, ledger=ledger):
        for _ in content:
            pass


def _readable(parts: Iterator[Part]) -> Iterator[Part]:
    """The same; what the libraries raise for what is damaged is said as a refusal."""
    try:
        yield from parts
    except DAMAGED as error:
        raise ArchiveRefused("It is damaged and cannot be read.") from error


def _members(file: BinaryIO, form: Format, ledger: Ledger) -> Iterator[tuple[Member, Iterator[bytes]]]:
    if form == "zip":
        return zip_reading.members(file, ledger)
    return tar_reading.members(tar_reading.Unzipped(file) if form == "tar.gz" else tar_reading.Plain(file), ledger)
