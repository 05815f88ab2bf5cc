"""Bytes of the engine's streams, read incrementally: HTTP chunks, the 8-byte log frames,
timestamps.
"""

import struct
import time
from datetime import UTC, datetime
from typing import Literal

from runtime.contract.reports import LINE_CONTINUES
from runtime.engine.rotation import Rotation
from runtime.engine.values import LogEntry
from runtime.redaction import decode

ENGINE_SPLITS_AT = 16 * 1024  # the engine cuts a longer line into entries of this size
MAX_FRAME = 1024 * 1024
MAX_CHUNK_HEADER = 256

_HEADER = struct.Struct(">BxxxI")
_SECONDS = len("2006-01-02T15:04:05")


class BrokenStream(Exception):
    """The bytes stopped or do not make sense."""


class Chunks:
    """Decoder of HTTP/1.1 chunked bodies. `ended` turns true with the terminal chunk."""

    def __init__(self) -> None:
        self.ended = False
        self._buffer = b""
        self._missing = 0  # bytes still to come of the chunk begun, its line end included

    def feed(self, data: bytes) -> bytes:
        """The body bytes that `data` completes. Raises BrokenStream."""
        body: list[bytes] = []
        self._buffer += data
        while self._buffer and not self.ended:
            if not self._missing and not self._begin():
                break
            taken, self._buffer = self._buffer[: self._missing], self._buffer[self._missing :]
            body.append(taken[: max(0, min(len(taken), self._missing - 2))])
            self._missing -= len(taken)
        return b"".join(body)

    def _begin(self) -> bool:
        header, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            if len(header) > MAX_CHUNK_HEADER:
                raise BrokenStream("no chunk header")
            return False
        try:
            size = int(header.split(b";")[0], 16)
        except ValueError as error:
            raise BrokenStream("no chunk size") from error
        self._buffer = rest
        if size == 0:
            self.ended = True
            return False
        self._missing = size + 2
        return True


class LogFrames:
    """Decoder of a log with timestamps: frames in, entries after `after_ns` out.

    Entries of one engine time, or of a time that ran back a little, are given times of their own,
    one nanosecond apart. That is repeatable when reading began a while before, so a time names a
    line.

    With a `rotation` the entries are of a log that is followed: `is_doubtful` turns true at the first
    that is not to be believed, and nothing comes out from there on.
    """

    def __init__(self, *, after_ns: int = 0, rotation: Rotation | None = None) -> None:
        self.is_doubtful = False
        self._rotation = rotation
        self._after = after_ns
        self._buffer = b""
        self._last = 0
        self._second = ""
        self._second_ns = 0

    def feed(self, data: bytes) -> list[LogEntry]:
        """The entries that `data` completes. Raises BrokenStream."""
        buffer = self._buffer + data if self._buffer else data
        entries: list[LogEntry] = []
        at, size, now = 0, len(buffer), time.time_ns()
        while size - at >= _HEADER.size and not self.is_doubtful:
            kind, length = _HEADER.unpack_from(buffer, at)
            if length > MAX_FRAME:
                raise BrokenStream("a log frame is too large")
            start = at + _HEADER.size
            if size - start < length:
                break
            at = start + length
            entry = self._entry(kind, buffer[start:at], now)
            if entry.ns > self._after and not self.is_doubtful:
                entries.append(entry)
        self._buffer = buffer[at:]
        return entries

    def _entry(self, kind: int, payload: bytes, now: int) -> LogEntry:
        stamp, _, line = payload.partition(b" ")
        told_ns = self._ns(stamp.decode("ascii", "replace"))
        ns = self._last = max(told_ns, self._last + 1)
        stream: Literal["o", "e"] = "e" if kind == 2 else "o"
        whole = line.endswith(b"\n")
        if self._rotation is not None:
            self.is_doubtful = self._rotation.is_doubtful(ns=told_ns, stream=stream, whole=whole, now=now)
        text = decode(line.removesuffix(b"\n"))
        if len(line) >= ENGINE_SPLITS_AT and not whole:
            text += LINE_CONTINUES
        return LogEntry(ns=ns, stream=stream, text=text)

    def _ns(self, stamp: str) -> int:
        second = stamp[:_SECONDS]
        if second != self._second:
            whole = parse_time(second + "Z")
            self._second, self._second_ns = second, whole or 0
        return self._second_ns + _fraction_ns(stamp)


def parse_time(text: str) -> int | None:
    """UNIX nanoseconds of an RFC 3339 time in UTC; None for the engine's "never" and for nonsense."""
    try:
        second = datetime.strptime(text[:_SECONDS], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    if second.year <= 1:
        return None
    return int(second.timestamp()) * 1_000_000_000 + _fraction_ns(text)


def _fraction_ns(text: str) -> int:
    digits = text[_SECONDS + 1 : -1] if text[_SECONDS : _SECONDS + 1] == "." else ""
    return int(digits[:9].ljust(9, "0")) if digits.isdigit() else 0
