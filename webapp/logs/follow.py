"""A log from any line on and then live, for one viewer: every line once, in order.

What was before comes from the reader, what comes from the fan-out. Wherever the two do not meet (a budget that was too
small while catching up, a Redis that was away), the reader closes the gap by number.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import msgspec
from channels.db import database_sync_to_async

from webapp.logs import fanout, reader
from webapp.logs import lines as text_of

IDLE_SECONDS = 15.0  # then the store is asked, in case a signal was lost
BATCH_BYTES = 128 * 1024  # of one batch, exceeded by one entry at most


class TooSlow(Exception):
    """The viewer did not take what came within its budget. It may come again with its last number."""


@dataclass(frozen=True)
class Batch:
    """Lines as JSON text without outer brackets ('' for none), and the last one's number.

    `end` is JSON, set on the last batch.
    """

    text: str
    last: int
    end: str | None = None


async def follow(*, log_id: str, after: int, idle: float = IDLE_SECONDS) -> AsyncGenerator[Batch, None]:
    """Batches behind line `after` until the log's end. An empty batch says every `idle` seconds that it lives.

    Raises `TooSlow`.
    """
    async with fanout.watch(log_id) as viewer:
        cursor = after
        while True:
            async for batch in _catch_up(log_id, cursor):
                yield batch
                cursor = batch.last
                if batch.end is not None:
                    return
            viewer.overflowed = False
            meets = True
            while meets and await viewer.wait(idle):
                if viewer.overflowed:
                    raise TooSlow
                batches, meets = _join(viewer.take(), cursor)
                for batch in batches:
                    yield batch
                    cursor = batch.last
            if meets:
                yield Batch(text="", last=cursor)


async def _catch_up(log_id: str, cursor: int) -> AsyncIterator[Batch]:
    while True:
        raw = await database_sync_to_async(reader.read_raw)(log_id=log_id, after=cursor)
        end = msgspec.json.encode(raw.end).decode() if raw.end is not None else None
        if raw.texts or end is not None:
            yield Batch(text=b",".join(raw.texts).decode(), last=raw.last, end=end)
        if raw.last == cursor or end is not None:
            return
        cursor = raw.last


def _join(pieces: list[fanout.Piece], cursor: int) -> tuple[list[Batch], bool]:
    """Batches of what continues line `cursor`; False when the rest does not, or when the log's end is said."""
    batches: list[Batch] = []
    texts: list[str] = []
    size = 0
    for piece in pieces:
        if piece.end is not None or piece.first > cursor + 1:
            return [*batches, *_batch(texts, cursor)], False
        if piece.last <= cursor:
            continue
        texts.append(piece.text if piece.first == cursor + 1 else _cut(piece.text, cursor))
        size, cursor = size + len(piece.text), piece.last
        if size >= BATCH_BYTES:
            batches += _batch(texts, cursor)
            texts, size = [], 0
    return [*batches, *_batch(texts, cursor)], True


def _batch(texts: list[str], cursor: int) -> list[Batch]:
    return [Batch(text=",".join(texts), last=cursor)] if texts else []


def _cut(text: str, cursor: int) -> str:
    return text_of.after(text.encode(), cursor).decode()
