"""Bytes of streams, cut anywhere, mean the same."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.reports import LINE_CONTINUES
from runtime.engine.frames import ENGINE_SPLITS_AT, MAX_FRAME, BrokenStream, Chunks, LogFrames, parse_time
from runtime.engine.values import LogEntry

SECOND = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z


def frame(text: str, *, nanosecond: int = 0, stream: int = 1, end: str = "\n") -> bytes:
    payload = f"2026-01-01T00:00:00.{nanosecond:09d}Z {text}{end}".encode()
    return struct.pack(">BxxxI", stream, len(payload)) + payload


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted(position % (len(data) + 1) for position in at), len(data)]
    return [data[begin:end] for begin, end in pairwise(places)]


@given(st.lists(st.integers(min_value=0)))
def test_frames_cut_anywhere_give_the_same_entries(at: list[int]) -> None:
    data = frame("one", nanosecond=1) + frame("", nanosecond=2, stream=2) + frame("café", nanosecond=3)
    frames = LogFrames()
    entries = [entry for piece in cut(data, at) for entry in frames.feed(piece)]
    assert entries == [
        LogEntry(ns=SECOND + 1, stream="o", text="one"),
        LogEntry(ns=SECOND + 2, stream="e", text=""),
        LogEntry(ns=SECOND + 3, stream="o", text="café"),
    ]


@given(st.lists(st.binary(max_size=60), max_size=6), st.lists(st.integers(min_value=0)))
def test_chunks_cut_anywhere_give_the_same_body(bodies: list[bytes], at: list[int]) -> None:
    wire = b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies if body) + b"0\r\n\r\n"
    chunks = Chunks()
    assert b"".join(chunks.feed(piece) for piece in cut(wire, at)) == b"".join(bodies)
    assert chunks.ended


def test_a_body_without_its_end_has_not_ended() -> None:
    chunks = Chunks()
    assert chunks.feed(b"5\r\nhel") == b"hel"
    assert not chunks.ended


@pytest.mark.parametrize("wire", [b"zz\r\nxx", b"x" * 300])
def test_what_is_no_chunk_is_broken(wire: bytes) -> None:
    with pytest.raises(BrokenStream):
        Chunks().feed(wire)


def test_a_frame_too_large_is_broken() -> None:
    with pytest.raises(BrokenStream):
        LogFrames().feed(struct.pack(">BxxxI", 1, MAX_FRAME + 1))


def test_lines_of_one_time_get_times_of_their_own_the_same_at_every_reading() -> None:
    data = frame("a", nanosecond=5) + frame("b", nanosecond=5) + frame("c", nanosecond=4) + frame("d", nanosecond=9)
    entries = LogFrames().feed(data)
    assert [entry.ns - SECOND for entry in entries] == [5, 6, 7, 9]
    for position, entry in enumerate(entries):
        assert LogFrames(after_ns=entry.ns).feed(data) == entries[position + 1 :]


def test_a_line_that_the_engine_split_says_so_and_a_last_one_without_end_does_not() -> None:
    whole = "x" * ENGINE_SPLITS_AT
    (split,) = LogFrames().feed(frame(whole, end=""))
    assert split.text == whole + LINE_CONTINUES
    (last,) = LogFrames().feed(frame("prompt> ", end=""))
    assert last.text == "prompt> "


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-01-01T00:00:00Z", SECOND),
        ("2026-01-01T00:00:00.5Z", SECOND + 500_000_000),
        ("2026-01-01T00:00:00.000000001Z", SECOND + 1),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_times_are_read(text: str, ns: int | None) -> None:
    assert parse_time(text) == ns
