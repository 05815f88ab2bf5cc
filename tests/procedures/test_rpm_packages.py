"""The packages of a real rpm database (of rpm 4.18), and of what only looks like one."""

import gzip
import sqlite3
import struct
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.packages import MAX_PACKAGES, unpack
from runtime.engine.fake import FakeEngine
from runtime.procedures.inventory import packed_packages
from runtime.procedures.rpm_packages import EPOCH, INT32, NAME, RELEASE, RPM, STRING, VERSION, read_rpm
from tests.procedures.rig import Told

REAL = gzip.decompress(Path(__file__).with_name("rpmdb.sqlite.gz").read_bytes())
Fields = list[tuple[int, int, bytes]]


def header(fields: Fields) -> bytes:
    index, data = b"", b""
    for tag, kind, value in fields:
        index += struct.pack(">IIII", tag, kind, len(data), 1)
        data += value
    return struct.pack(">II", len(fields), len(data)) + index + data


def package(name: str, version: str = "1", release: str = "2") -> bytes:
    words = ((NAME, name), (VERSION, version), (RELEASE, release))
    return header([(tag, STRING, word.encode() + b"\0") for tag, word in words])


def database(
    rows: list[object], *, schema: str = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)"
) -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute(schema)
        if rows:
            made.executemany("INSERT INTO Packages (blob) VALUES (?)", [(row,) for row in rows])
        made.commit()
        return made.serialize()


def test_what_rpm_wrote_is_read_with_its_epoch() -> None:
    assert REAL[18:20] == b"\x02\x02"  # as rpm leaves it: with a log beside it
    assert sorted(read_rpm(REAL)) == [("crane", "2:1.2.3-4"), ("derrick", "0.9~rc1-4")]


@pytest.mark.parametrize("path", RPM)
def test_an_image_is_read_by_it(path: str) -> None:
    engine = FakeEngine()
    engine.inside = {path: REAL}
    image = engine.add_image(tag="a:1")
    assert unpack(packed_packages(engine, image.image_id, Told())) == [("crane", "2:1.2.3-4"), ("derrick", "0.9~rc1-4")]


def test_keys_are_no_packages_and_what_lacks_a_version_is_none() -> None:
    rows: list[object] = [package("gpg-pubkey"), package("ok"), package("none", ""), header([]), b"", b"\0" * 7, "text"]
    assert list(read_rpm(database(rows))) == [("ok", "1-2")]


def test_a_header_says_nothing_beyond_its_end() -> None:
    good = package("far")
    rows: list[object] = [
        struct.pack(">II", 2**31, 8) + good[8:],
        struct.pack(">II", 1, 2**31) + good[8:],
        header([(NAME, STRING, b"no end"), (VERSION, STRING, b"1\0")])[:-1],
        header([(NAME, STRING, b"x" * 5000 + b"\0"), (VERSION, STRING, b"1\0")]),
        header([(NAME, INT32, b"abcd"), (VERSION, STRING, b"1\0"), (EPOCH, STRING, b"1\0")]),
    ]
    assert list(read_rpm(database(rows))) == []


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0", b"\0" * 5000, REAL[:5000], REAL[:100] + b"\xff" * 9000])
def test_of_what_is_no_database_nothing_comes(data: bytes) -> None:
    assert list(read_rpm(data)) == []


def test_what_is_no_plain_table_is_not_asked() -> None:
    endless = (
        "CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT 1 UNION ALL SELECT blob FROM n) SELECT blob FROM n"
    )
    begun = time.monotonic()
    assert list(read_rpm(database([], schema=endless))) == [] and time.monotonic() - begun < 1
    generated = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB AS (hex(zeroblob(5000000))))"
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute(generated)
        made.executemany("INSERT INTO Packages (hnum) VALUES (?)", [(at,) for at in range(3)])
        made.commit()
        assert list(read_rpm(made.serialize())) == [] and time.monotonic() - begun < 10


def test_it_is_bounded() -> None:
    many: list[object] = [package(f"p{at}") for at in range(MAX_PACKAGES + 10)]
    assert len(list(read_rpm(database(many)))) == MAX_PACKAGES


@pytest.mark.thorough
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(100, len(REAL) - 1), st.integers(0, 255)), min_size=1, max_size=30))
def test_a_damaged_one_gives_packages_or_none_and_no_error(changes: list[tuple[int, int]]) -> None:
    data = bytearray(REAL)
    for at, value in changes:
        data[at] = value
    assert all(name and version for name, version in read_rpm(bytes(data)))
