"""The hot tail of logs in Redis. This file alone knows the keys.

A batch is taken when it continues or overlaps what is held; sending again is harmless and a gap is impossible. The
lines rest as the JSON text that browsers get. When Redis has lost a log, it is taken up from where the archive ends,
and `last` falls back to there: the sender goes back. Redis away: `Unavailable`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels.db import database_sync_to_async

from runtime.contract.reports import Line, LogPosition
from webapp.logs import lines as text_of
from webapp.logs.models import Log
from webapp.logs.scripts import APPEND, ARCHIVED, END
from webapp.logs.store import BLOCK_SECONDS, call, call_async, run, run_async
from webapp.problems import Conflicting, Missing, Unavailable

DUE_KEY = "slipway:log:due"
MAX_HELD_BYTES = 16 * 1024 * 1024  # of one log, not archived yet: beyond it nothing more is taken (back-pressure)
CHUNK_BYTES = 256 * 1024  # as much is archived at once, less after ARCHIVE_DELAY_MS
ARCHIVE_DELAY_MS = 1500
KEEP_SECONDS = 24 * 3600  # a quiet log leaves Redis; the archive has it, or its host sends it again
KEEP_ENDED_SECONDS = 600
ENTRIES_PER_READ = 32
ATTEMPTS = 4  # of an append: the seed, the cut, and one more of each for a race


@dataclass(frozen=True)
class Kept:
    """Lines up to `last` are held, up to `archived` for good."""

    last: int
    archived: int


@dataclass(frozen=True)
class Entry:
    """What one send carried: lines `first`..`last` as JSON text. A log's last entry has only `end`."""

    first: int
    last: int
    last_ns: int
    total: int  # bytes of the log up to here; handed back to `mark_archived`
    text: bytes
    end: str | None = None


@dataclass(frozen=True)
class Lag:
    """How far archiving is behind: logs waiting, and for how long the first one is due."""

    logs: int
    seconds: float


Seed = tuple[int, int]  # archived_to, archived_ns


def _keys(log_id: str) -> list[str]:
    return [f"slipway:log:{log_id}:state", f"slipway:log:{log_id}:lines", DUE_KEY]


def _seed(log_id: str) -> Seed:
    """Where the archive ends. Raises `Missing` without such a log, `Conflicting` when it has ended."""
    row = Log.objects.filter(id=log_id).values_list("archived_to", "archived_ns", "end_state").first()
    if row is None:
        raise Missing(code="log.missing", detail="There is no such log.")
    if row[2]:
        raise _ended()
    return row[0], row[1]


def _ended() -> Conflicting:
    return Conflicting(code="log.ended", detail="This log has ended.")


@dataclass
class _Append:
    """One append on its way: the same steps with and without an event loop."""

    log_id: str
    first: int
    lines: Sequence[Line]
    seed: Seed | None = None

    def words(self) -> list[str | bytes | int | float]:
        last = self.first + len(self.lines) - 1
        text = text_of.encode(first=self.first, lines=self.lines)
        bounds = (MAX_HELD_BYTES, CHUNK_BYTES, ARCHIVE_DELAY_MS, KEEP_SECONDS)
        seed = self.seed or ("", "")
        return [self.first, last, self.lines[-1][0], text, *bounds, self.log_id, *seed]

    def take(self, answer: list[Any]) -> Kept | None:
        """What the script's answer means; None: go on (see `seed`, `first`)."""
        word, last, archived = bytes(answer[0]), int(answer[1]), int(answer[2])
        if word == b"ended":
            raise _ended()
        if word == b"cut":
            self.lines = self.lines[last + 1 - self.first :]
            self.first = last + 1
            return None
        return None if word == b"unknown" else Kept(last=last, archived=archived)


def append(*, log_id: str, first: int, lines: Sequence[Line]) -> Kept:
    """Take consecutive lines, the first numbered `first`, as far as they continue the log without a gap.

    The answer says what is held; `last` short of what was sent means: send again from `last` + 1 (after a pause when
    it did not move: too much waits for the archive). Raises `Missing`, `Conflicting` (ended), `Unavailable`.
    """
    if not lines:
        at = state(log_id=log_id)
        return Kept(last=at.last, archived=at.archived)
    step = _Append(log_id=log_id, first=first, lines=lines)
    for _ in range(ATTEMPTS):
        answer = run(APPEND, _keys(log_id), step.words())
        kept = step.take(answer)
        if kept is not None:
            return kept
        if answer[0] == b"unknown":
            step.seed = _seed(log_id)
    raise Unavailable(code="log.contended", detail="Others write to this log. Try again.")


async def append_async(*, log_id: str, first: int, lines: Sequence[Line]) -> Kept:
    """As `append`, on the running event loop; the database is asked only when Redis does not know the log."""
    if not lines:
        at = await database_sync_to_async(state)(log_id=log_id)
        return Kept(last=at.last, archived=at.archived)
    step = _Append(log_id=log_id, first=first, lines=lines)
    for _ in range(ATTEMPTS):
        answer = await run_async(APPEND, _keys(log_id), step.words())
        kept = step.take(answer)
        if kept is not None:
            return kept
        if answer[0] == b"unknown":
            step.seed = await database_sync_to_async(_seed)(log_id)
    raise Unavailable(code="log.contended", detail="Others write to this log. Try again.")


@dataclass(frozen=True)
class State:
    """Where a log stands."""

    last: int
    archived: int
    last_ns: int


def state(*, log_id: str) -> State:
    """What Redis knows of the log, else what the archive does. Raises `Missing`, `Unavailable`."""
    last, archived, last_ns = call("HMGET", _keys(log_id)[0], "last", "archived", "last_ns")
    if last is not None:
        return State(last=int(last), archived=int(archived), last_ns=int(last_ns))
    row = Log.objects.filter(id=log_id).values_list("archived_to", "archived_ns").first()
    if row is None:
        raise Missing(code="log.missing", detail="There is no such log.")
    return State(last=row[0], archived=row[0], last_ns=row[1])


async def known_async(*, log_id: str) -> State | None:
    """What Redis knows of the log; None when it does not know it. Raises `Unavailable`."""
    last, archived, last_ns = await call_async("HMGET", _keys(log_id)[0], "last", "archived", "last_ns")
    return None if last is None else State(last=int(last), archived=int(archived), last_ns=int(last_ns))


def position(*, log_id: str) -> LogPosition:
    """The next number to give, and the host's time of the last line held."""
    at = state(log_id=log_id)
    return LogPosition(log=log_id, next=at.last + 1, resume_ns=at.last_ns)


def _entry(item: Any) -> Entry:
    number, fields = int(item[0].split(b"-")[0]), item[1]
    if b"end" in fields:
        return Entry(first=number + 1, last=number, last_ns=0, total=0, text=b"", end=fields[b"end"].decode())
    return Entry(
        first=int(fields[b"first"]),
        last=number,
        last_ns=int(fields[b"ns"]),
        total=int(fields[b"total"]),
        text=fields[b"text"],
    )


def read(*, log_id: str, after: int, count: int = ENTRIES_PER_READ) -> list[Entry]:
    """The next entries with lines behind `after`; the first may begin before it. Raises `Unavailable`."""
    return [_entry(item) for item in call("XRANGE", _keys(log_id)[1], f"({after}-0", "+", "COUNT", count)]


async def follow_async(*, log_id: str, after: int) -> list[Entry]:
    """Wait up to BLOCK_SECONDS for entries with lines behind `after`, or for the log's end. Raises `Unavailable`."""
    key, block = _keys(log_id)[1], int(BLOCK_SECONDS * 1000)
    words = ("XREAD", "COUNT", ENTRIES_PER_READ, "BLOCK", block, "STREAMS", key, f"{after}-0")
    answer = await call_async(*words, waits=True)
    return [_entry(item) for item in answer[0][1]] if answer else []


def due(*, limit: int) -> list[str]:
    """Logs with something to archive now, the longest waiting first. Raises `Unavailable`."""
    seconds, micros = call("TIME")
    now_ms = int(seconds) * 1000 + int(micros) // 1000
    return [log.decode() for log in call("ZRANGEBYSCORE", DUE_KEY, "-inf", now_ms, "LIMIT", 0, limit)]


def lag() -> Lag:
    """How far archiving is behind. Raises `Unavailable`."""
    seconds, _ = call("TIME")
    first = call("ZRANGE", DUE_KEY, 0, 0, "WITHSCORES")
    late = max(0.0, int(seconds) - float(first[1]) / 1000) if first else 0.0
    return Lag(logs=int(call("ZCARD", DUE_KEY)), seconds=late)


def mark_archived(*, log_id: str, archived: int, archived_ns: int, total: int) -> None:
    """The database holds lines up to `archived`: let them go here. Call it after the commit. Raises `Unavailable`."""
    run(ARCHIVED, _keys(log_id), [archived, archived_ns, total, ARCHIVE_DELAY_MS, log_id])


def mark_end(*, log_id: str, last: int, last_ns: int, end: str) -> None:
    """Tell the readers that nothing follows line `last`; `end` is JSON. Raises `Unavailable`."""
    run(END, _keys(log_id), [last, last_ns, end, KEEP_ENDED_SECONDS, log_id])


def forget(*, log_id: str) -> None:
    """Drop all of a log that has no row any more. Raises `Unavailable`."""
    state_key, lines_key, due_key = _keys(log_id)
    call("DEL", state_key, lines_key)
    call("ZREM", due_key, log_id)
