"""From the hot tail into the database: compressed chunks, committed before Redis lets the lines go.

A log's last chunk is written again, bigger, until it is full, so that a log of one line a second does not become
thousands of rows. Dying between commit and trim is harmless: the next pass drops what is in the database already.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import zstandard
from django.db import transaction
from django.db.models import F

from webapp.logs import lines as text_of
from webapp.logs import tail
from webapp.logs.models import Chunk, Log
from webapp.problems import Missing, Unavailable

CHUNK_BYTES = 256 * 1024  # of text, before compression; a chunk is closed at the first entry beyond
LEVEL = 3
LEVEL_FULL = 9  # a closed chunk is written once and read often
LOGS_PER_PASS = 200
MAX_PASSES = 1000  # of one log at once; each moves up to 32 entries

logger = logging.getLogger(__name__)


def compress(text: bytes, *, full: bool) -> bytes:
    """A chunk's data."""
    return zstandard.ZstdCompressor(level=LEVEL_FULL if full else LEVEL).compress(text)


def expand(data: bytes | memoryview) -> bytes:
    """The text of a chunk's data."""
    return zstandard.ZstdDecompressor().decompress(bytes(data))


def archive_dirty() -> int:
    """Archive what is due; the number of lines moved. One log's failure stops no other. Raises `Unavailable`."""
    moved = 0
    for log_id in tail.due(limit=LOGS_PER_PASS):
        try:
            moved += archive_log(log_id)
        except Missing:
            tail.forget(log_id=log_id)
        except Unavailable:
            raise
        except Exception:
            logger.exception("log %s could not be archived", log_id)
    return moved


def archive_log(log_id: str) -> int:
    """Archive everything the tail holds of this log; the number of lines moved. Raises `Missing`, `Unavailable`."""
    moved = 0
    for _ in range(MAX_PASSES):
        lines, more = _archive_some(log_id)
        moved += lines
        if not more:
            break
    return moved


def _archive_some(log_id: str) -> tuple[int, bool]:
    with transaction.atomic():
        log = Log.objects.select_for_update().filter(id=log_id).first()
        if log is None:
            raise Missing(code="log.missing", detail="There is no such log.")
        entries = [entry for entry in tail.read(log_id=log_id, after=log.archived_to) if entry.end is None]
        if _has_hole(log, entries):
            logger.error(
                "log %s: Redis holds lines that do not continue line %d; its writer sends again",
                log_id,
                log.archived_to,
            )
            tail.forget(log_id=log_id)
            return 0, False
        last, total = (entries[-1].last, entries[-1].total) if entries else (log.archived_to, 0)
        last_ns = entries[-1].last_ns if entries else log.archived_ns
        if entries:
            _store(log, entries)
        transaction.on_commit(partial(_trim, log_id=log_id, archived=last, archived_ns=last_ns, total=total))
    return last - log.archived_to, len(entries) == tail.ENTRIES_PER_READ


def _has_hole(log: Log, entries: Sequence[tail.Entry]) -> bool:
    """Redis claims lines that it has lost: happens only when a part of its data is gone."""
    if entries:
        return entries[0].first > log.archived_to + 1
    return not log.end_state and tail.state(log_id=log.id).last > log.archived_to


def _trim(*, log_id: str, archived: int, archived_ns: int, total: int) -> None:
    """Committed is committed: when Redis is away just now, the next pass trims."""
    try:
        tail.mark_archived(log_id=log_id, archived=archived, archived_ns=archived_ns, total=total)
    except Unavailable as refusal:
        logger.warning("log %s is archived to %d but not trimmed: %s", log_id, archived, refusal.detail)


@dataclass
class _Part:
    """A chunk in the making; `row` is set when it continues one in the database."""

    texts: list[bytes]
    size: int
    last: int
    last_ns: int
    row: Chunk | None = None


def _store(log: Log, entries: Sequence[tail.Entry]) -> None:
    parts = _parts(log, entries)
    before, now = 0, 0
    for part in parts:
        before += len(part.row.data) if part.row is not None else 0
        now += _write(log, part)
    last = entries[-1]
    taken = Log.objects.filter(id=log.id, archived_to=log.archived_to).update(
        archived_to=last.last, archived_ns=last.last_ns, stored_bytes=F("stored_bytes") + now - before
    )
    if not taken:
        raise Unavailable(code="log.contended", detail="Another archiver was faster.")


def _parts(log: Log, entries: Sequence[tail.Entry]) -> list[_Part]:
    """The entries' texts packed into chunks; the first part goes on with the log's last chunk while that is small."""
    parts: list[_Part] = []
    row = Chunk.objects.filter(log=log).order_by("-first").first()
    if row is not None and zstandard.frame_content_size(bytes(row.data)) < CHUNK_BYTES:
        text = expand(row.data)
        parts.append(_Part(texts=[text], size=len(text), last=row.last, last_ns=row.last_ms * 1_000_000, row=row))
    for entry in entries:
        text = entry.text if entry.first > log.archived_to else text_of.after(entry.text, log.archived_to)
        if not parts or parts[-1].size >= CHUNK_BYTES:
            parts.append(_Part(texts=[], size=0, last=0, last_ns=0))
        parts[-1].texts.append(text)
        parts[-1].size += len(text) + 1
        parts[-1].last, parts[-1].last_ns = entry.last, entry.last_ns
    return parts


def _write(log: Log, part: _Part) -> int:
    """Write one chunk; the bytes it takes."""
    text = b",".join(part.texts)
    data = compress(text, full=part.size >= CHUNK_BYTES)
    last_ms = part.last_ns // 1_000_000
    if part.row is not None:
        Chunk.objects.filter(pk=part.row.pk).update(last=part.last, last_ms=last_ms, data=data)
    else:
        first, first_ms = text_of.begins(text)
        Chunk.objects.create(log=log, first=first, last=part.last, first_ms=first_ms, last_ms=last_ms, data=data)
    return len(data)
