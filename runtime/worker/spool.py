"""Numbered lines on disk until the control plane has them for good.

One SQLite file holds the lines of many logs and where each reader stands, in one transaction, so that a process
that is killed at any moment neither loses nor doubles a line. Bounded per log and in total: when it is full, `append`
says no, and who writes must wait.
"""

import logging
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from runtime.contract.reports import MAX_BATCH_BYTES, MAX_BATCH_LINES, Line

MAX_LOG_BYTES = 64 * 1024 * 1024
MAX_TOTAL_BYTES = 1024 * 1024 * 1024
MAX_BATCHES_PER_READ = 256
LINE_OVERHEAD_BYTES = 32
BUSY_SECONDS = 10.0

# A killed process loses nothing without syncing; what a loss of power breaks is found, and asked for again.
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS log (
  log TEXT PRIMARY KEY, next INTEGER NOT NULL, first INTEGER NOT NULL, resume_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reader (
  log TEXT, container TEXT, ns INTEGER NOT NULL, PRIMARY KEY (log, container)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
  log TEXT, first INTEGER, last INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (log, first)
);
"""
_CLEAR = ("DELETE FROM log WHERE log = ?", "DELETE FROM reader WHERE log = ?", "DELETE FROM batch WHERE log = ?")

logger = logging.getLogger(__name__)
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Line]).decode
_json = msgspec.json.Encoder().encode


class SpoolBroken(Exception):
    """The file is not what was written. Begin anew and ask the control plane where each log stands."""


@dataclass(slots=True)
class _Log:
    next: int
    first: int  # the lowest number held, `next` when none is
    resume_ns: int
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive lines, the first numbered `first`."""

    first: int
    lines: list[Line]

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


def line_size(text: str) -> int:
    """Bytes that a line takes in a report, at most."""
    return len(_json(text)) + LINE_OVERHEAD_BYTES


class Spool:
    """Safe to use from several threads. `path` "" is a private temporary file."""

    def __init__(self, path: Path | str, *, log_bytes: int = MAX_LOG_BYTES, total_bytes: int = MAX_TOTAL_BYTES) -> None:
        self._log_bytes = log_bytes
        self._total_bytes = total_bytes
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._total = 0
        self._logs: dict[str, _Log] = {}
        self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        try:
            self._load()
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise SpoolBroken(str(error)) from error

    def logs(self) -> list[str]:
        """Every log that is known here."""
        return list(self._logs)

    def next_number(self, log: str) -> int | None:
        """The number that the next line gets; None for an unknown log. Never waits for the disk."""
        known = self._logs.get(log)
        return known.next if known else None

    def first_number(self, log: str) -> int | None:
        """The lowest number that can still be read, `next_number` when none can; None for an unknown log."""
        known = self._logs.get(log)
        return known.first if known else None

    def begin(self, log: str, *, next_number: int, resume_ns: int = 0) -> None:
        """The log stands so; whatever was held of it is forgotten."""
        with self._lock, self._database as database:
            database.execute("BEGIN IMMEDIATE")
            self._clear(log)
            database.execute("INSERT INTO log VALUES (?, ?, ?, ?)", (log, next_number, next_number, resume_ns))
            self._logs[log] = _Log(next=next_number, first=next_number, resume_ns=resume_ns)

    def drop(self, log: str) -> None:
        """The log is over."""
        with self._lock, self._database as database:
            database.execute("BEGIN IMMEDIATE")
            self._clear(log)

    def append(
        self, log: str, lines: Sequence[Line], *, container: str = "", unless: threading.Event | None = None
    ) -> int | None:
        """Takes lines, all or none; the first one's number. None when there is no room or no such log.

        With `container`, its reader stands at the last line's time from now on. Nothing is taken once `unless` is set.
        """
        size = sum(line_size(line[2]) for line in lines)
        with self._lock:
            known = self._logs.get(log)
            if known is None or (unless and unless.is_set()) or not self._has_room(known, size):
                return None
            first, last = known.next, known.next + len(lines) - 1
            try:
                self._write(log, first, last, size, lines, container)
            except sqlite3.OperationalError as error:
                logger.warning("the spool takes nothing now: %s", error)
                return None
            known.next, known.size = last + 1, known.size + size
            self._total += size
            return first

    def wait_for_room(self, seconds: float) -> None:
        """Until something was forgotten, or `seconds` passed."""
        with self._room:
            self._room.wait(seconds)

    def read(self, log: str, first: int) -> Batch | None:
        """Lines from number `first` on, within a report's bounds; None when there are none.

        It ends where an append ended, so that lines written together are sent together.
        """
        with self._lock:
            rows = self._database.execute(
                "SELECT first, size, data FROM batch WHERE log = ? AND last >= ? ORDER BY first LIMIT ?",
                (log, first, MAX_BATCHES_PER_READ),
            ).fetchall()
        lines: list[Line] = []
        size = 0
        for start, row_size, data in rows:
            new = _decoded(data)[max(0, first - start) :]
            if lines and (len(lines) + len(new) > MAX_BATCH_LINES or size + row_size > MAX_BATCH_BYTES):
                break
            lines += new
            size += row_size
        return Batch(first=max(first, rows[0][0]), lines=lines) if lines else None

    def forget(self, log: str, archived: int) -> None:
        """Lines up to `archived` are kept elsewhere for good."""
        with self._room:
            known = self._logs.get(log)
            if known is None or archived < known.first:
                return
            first = min(archived + 1, known.next)
            with self._database as database:
                database.execute("BEGIN IMMEDIATE")
                gone = database.execute("DELETE FROM batch WHERE log = ? AND last <= ? RETURNING size", (log, archived))
                freed = sum(row[0] for row in gone)
                database.execute("UPDATE log SET first = ? WHERE log = ?", (first, log))
            known.first = first
            known.size -= freed
            self._total -= freed
            self._room.notify_all()

    def reader_ns(self, log: str, container: str) -> int | None:
        """The engine's time of the last line taken from this container; None when it never was read here."""
        with self._lock:
            row = self._database.execute(
                "SELECT ns FROM reader WHERE log = ? AND container = ?", (log, container)
            ).fetchone()
            return int(row[0]) if row else None

    def resume_ns(self, log: str) -> int:
        """The engine's time of the last line that the control plane held when the log was begun here."""
        with self._lock:
            return self._logs[log].resume_ns if log in self._logs else 0

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _load(self) -> None:
        self._database.executescript(_SCHEMA)
        verdict = self._database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        for log, following, first, resume_ns in self._database.execute("SELECT log, next, first, resume_ns FROM log"):
            self._logs[log] = _Log(next=following, first=first, resume_ns=resume_ns)
        for log, size in self._database.execute("SELECT log, sum(size) FROM batch GROUP BY log"):
            self._logs[log].size = size
            self._total += size

    def _has_room(self, log: _Log, size: int) -> bool:
        """An empty log takes one batch of any size, so that nothing waits for ever."""
        return not log.size or (log.size + size <= self._log_bytes and self._total + size <= self._total_bytes)

    def _write(self, log: str, first: int, last: int, size: int, lines: Sequence[Line], container: str) -> None:
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?)", (log, first, last, size, _pack(lines)))
            database.execute("UPDATE log SET next = ? WHERE log = ?", (last + 1, log))
            if container:
                database.execute("INSERT OR REPLACE INTO reader VALUES (?, ?, ?)", (log, container, lines[-1][0]))

    def _clear(self, log: str) -> None:
        for statement in _CLEAR:
            self._database.execute(statement, (log,))
        known = self._logs.pop(log, None)
        self._total -= known.size if known else 0
        self._room.notify_all()


def open_spool(path: Path) -> Spool:
    """The spool at `path`; a broken one is thrown away, since the control plane and the engine know the rest."""
    try:
        return Spool(path)
    except SpoolBroken as error:
        logger.warning("the spool is broken and begins anew: %s", error)
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(FileNotFoundError):
            path.with_name(name).unlink()
    return Spool(path)


def _decoded(data: bytes) -> list[Line]:
    try:
        return _unpack(data)
    except msgspec.DecodeError as error:
        raise SpoolBroken(str(error)) from error
