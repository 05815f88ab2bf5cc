"""Packages as rpm keeps them: a SQLite database (since rpm 4.16) of one header for each, read in memory.

The file is an image's, so nothing in it is believed: what is asked for must be a plain table, the engine of the
database may take so many steps and no more, and of a header only what lies within it is read.
"""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing

from runtime.contract.packages import MAX_PACKAGES, Package

RPM = ("/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite")
MAX_HEADER = 4 * 1024 * 1024  # bytes; the kernel's lists many files
MAX_STEPS = 200  # of STEP instructions each
STEP = 100_000
MAX_ENTRIES = 4096
MAX_TEXT = 200  # bytes

NAME, VERSION, RELEASE, EPOCH = 1000, 1001, 1002, 1003
INT32, STRING = 4, 6
KEYS = "gpg-pubkey"  # what rpm trusts stands among what is installed, and is no package

_HEAD, _ENTRY, _NUMBER = struct.Struct(">II"), struct.Struct(">IIII"), struct.Struct(">I")
_JOURNAL = slice(18, 20)  # of the file's header: how it is written; one in memory has no log beside it
_ROLLBACK = b"\x01\x01"


def read_rpm(data: bytes) -> Iterator[Package]:
    """Name and version (epoch:version-release) of what is installed; nothing of what is no such database."""
    for header in _headers(data):
        found = _values(header)
        name, version, release = (str(found.get(tag, "")) for tag in (NAME, VERSION, RELEASE))
        epoch = found.get(EPOCH)
        if name and version and name != KEYS:
            yield name, f"{f'{epoch}:' if epoch else ''}{version}{f'-{release}' if release else ''}"


def _headers(data: bytes) -> list[bytes]:
    steps = iter(range(MAX_STEPS))
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.set_progress_handler(lambda: int(next(steps, None) is None), STEP)
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_HEADER)
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA cell_size_check = ON")
            database.deserialize(data[: _JOURNAL.start] + _ROLLBACK + data[_JOURNAL.stop :])
            if database.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchall() != [("table",)]:
                return []
            rows = database.execute("SELECT blob FROM Packages LIMIT ?", (MAX_PACKAGES,)).fetchall()
    except (sqlite3.Error, OverflowError, MemoryError):
        return []
    return [row[0] for row in rows if isinstance(row[0], bytes)]


def _values(header: bytes) -> dict[int, str | int]:
    """What the wanted tags of a header say: an index of (tag, type, offset, count), then the data."""
    if len(header) < _HEAD.size:
        return {}
    entries, size = _HEAD.unpack_from(header)
    begin = _HEAD.size + entries * _ENTRY.size
    if entries > MAX_ENTRIES or begin + size > len(header):
        return {}
    found: dict[int, str | int] = {}
    for at in range(_HEAD.size, begin, _ENTRY.size):
        tag, kind, offset, _ = _ENTRY.unpack_from(header, at)
        data = header[begin + offset : begin + size][: MAX_TEXT + 1]
        if tag in (NAME, VERSION, RELEASE) and kind == STRING and b"\0" in data:
            found[tag] = data.partition(b"\0")[0].decode("utf-8", "replace")
        elif tag == EPOCH and kind == INT32 and len(data) >= _NUMBER.size:
            found[tag] = _NUMBER.unpack_from(data)[0]
    return found
