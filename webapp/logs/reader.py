"""One cursor over both halves of a log: the number of the last line seen.

The database is read first, then the tail behind it. When the archiver moved lines in between, the tail begins too late:
then the database is asked again, so that what comes out is dense whatever moves meanwhile.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from channels.db import database_sync_to_async

from webapp.logs import archive, tail
from webapp.logs import lines as text_of
from webapp.logs.lines import Row
from webapp.logs.models import Chunk, Log
from webapp.problems import Invalid, Unavailable

MAX_LINES = 5000  # of one page
MAX_NEEDLE = 500  # characters
STREAMS = frozenset({"o", "e", "s"})
SCANNED_SEGMENTS = 256  # of one filtered page: 64 MB of text; the page then says how far it came
TURNS = 8  # between database and tail, for one page
CHUNKS_PER_QUERY = 4  # a megabyte of text; a cursor held open would hold up writers on SQLite
TEXT_LINES = 2000  # of one piece of a download
RAW_BYTES = 512 * 1024  # of one piece for a viewer, exceeded by a segment at most

End = dict[str, str | int]
Segment = tuple[bytes, int]  # JSON text of consecutive lines, number of its last line


@dataclass(frozen=True)
class Page:
    """Lines in order. `last` is the cursor to go on from; `end` is set when nothing follows it, ever."""

    rows: list[Row]
    last: int
    end: End | None


@dataclass(frozen=True)
class Raw:
    """As `Page`, with the lines as JSON text."""

    texts: list[bytes]
    last: int
    end: End | None


@dataclass
class _Walk:
    """Collects up to `limit` matching rows behind `last`."""

    last: int
    limit: int
    stream: str | None
    needle: str | None
    raw: bytes
    rows: list[Row] = field(default_factory=list)
    scanned: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= self.limit or self.scanned >= SCANNED_SEGMENTS

    def take(self, text: bytes, last: int) -> None:
        """Look through a text that ends with line `last`."""
        self.scanned += 1
        if self.raw not in text:
            self.last = last
            return
        for row in text_of.decode(text):
            if len(self.rows) >= self.limit:
                return
            if row[0] > self.last:
                self.last = row[0]
                if self._matches(row):
                    self.rows.append(row)

    def _matches(self, row: Row) -> bool:
        return (self.stream is None or row[2] == self.stream) and (self.needle is None or self.needle in row[3])


def read(*, log: Log, after: int, limit: int, stream: str | None = None, q: str | None = None) -> Page:
    """Up to `limit` lines behind line `after`, of one stream (o, e, s) or holding the text `q` if asked so.

    A filtered page may come short or empty before the end: go on from `last`. With Redis away it ends where the
    archive does. Raises `Invalid`.
    """
    _check(after=after, limit=limit, stream=stream, q=q)
    walk = _Walk(last=after, limit=limit, stream=stream, needle=q or None, raw=text_of.escaped(q) if q else b"")
    for text, last in _segments(log.id, after):
        walk.take(text, last)
        if walk.is_full:
            break
    return Page(rows=walk.rows, last=walk.last, end=_end(log.id, walk.last))


def read_raw(*, log_id: str, after: int) -> Raw:
    """The next lines behind `after` as JSON text, about RAW_BYTES of it; for viewers, who get it as it is."""
    texts: list[bytes] = []
    size, last = 0, after
    for text, until in _segments(log_id, after):
        texts.append(text if text_of.begins(text)[0] > last else text_of.after(text, last))
        size, last = size + len(text), until
        if size >= RAW_BYTES:
            break
    return Raw(texts=texts, last=last, end=_end(log_id, last))


def _check(*, after: int, limit: int, stream: str | None, q: str | None) -> None:
    errors = {}
    if not 0 <= after < 2**53:
        errors["after"] = ["A line's number, 0 for the beginning."]
    if not 1 <= limit <= MAX_LINES:
        errors["limit"] = [f"From 1 to {MAX_LINES}."]
    if stream is not None and stream not in STREAMS:
        errors["stream"] = ["One of o (stdout), e (stderr), s (Slipway)."]
    if q is not None and (len(q) > MAX_NEEDLE or "\n" in q):
        errors["q"] = [f"One line of at most {MAX_NEEDLE} characters."]
    if errors:
        raise Invalid(errors)


def _segments(log_id: str, after: int) -> Iterator[Segment]:
    """Texts that follow each other without a gap behind line `after`; the first may begin before it."""
    for _ in range(TURNS):
        for first, text, last in _archived(log_id, after):
            if first > after + 1:
                return
            yield text, last
            after = last
        entries = _held(log_id, after)
        for entry in entries:
            if entry.first > after + 1:
                break  # the archiver was here since the database was read
            yield entry.text, entry.last
            after = entry.last
        else:
            if len(entries) < tail.ENTRIES_PER_READ:
                return


def _archived(log_id: str, after: int) -> Iterator[tuple[int, bytes, int]]:
    chunks = Chunk.objects.filter(log=log_id).order_by("first").values_list("first", "last", "data")
    while found := list(chunks.filter(last__gt=after)[:CHUNKS_PER_QUERY]):
        for first, last, data in found:
            yield first, archive.expand(data), last
            after = last


def _held(log_id: str, after: int) -> list[tail.Entry]:
    try:
        return [entry for entry in tail.read(log_id=log_id, after=after) if entry.end is None]
    except Unavailable:
        return []


def _end(log_id: str, last: int) -> End | None:
    row = Log.objects.filter(id=log_id).values_list("end_state", "archived_to").first()
    if row is None:
        return {"state": "deleted", "lines": last}
    return {"state": row[0], "lines": row[1]} if row[0] and last >= row[1] else None


async def stream_text(log: Log) -> AsyncIterator[bytes]:
    """The log as it is now, as a text file, piece by piece."""
    last = -1
    page = await database_sync_to_async(read)(log=log, after=0, limit=TEXT_LINES)
    while page.last > last:
        yield "".join(f"{row[3]}\n" for row in page.rows).encode()
        last = page.last
        page = await database_sync_to_async(read)(log=log, after=last, limit=TEXT_LINES)
