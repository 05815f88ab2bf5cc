"""What a job has to say, on its way to the control plane: lines numbered densely, what changed, one sender thread.

Lines are sent at once when the sender is idle and in large batches under load. They stay here until they are
archived: the control plane's answers say from where to go on, backward when it lost some.
"""

import logging
import threading
import time
from typing import Protocol

from runtime.contract.reports import (
    MAX_BATCH_BYTES,
    MAX_BATCH_LINES,
    Line,
    Lines,
    LinesAnswer,
    LogPosition,
    Progress,
    Stream,
)
from runtime.worker.backoff import Backoff
from runtime.worker.control_plane import LinesMissing, Refused, Unreachable
from runtime.worker.lease import Lease
from runtime.worker.progress import ProgressBook
from runtime.worker.spool import Batch, Spool, line_size

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
PROBE_SECONDS = 3.0  # a quiet job asks so often whether what it sent is still held
NOT_OURS = (401, 403, 404, 409)
ROOM_SECONDS = 0.5  # between two looks whether there is room again

logger = logging.getLogger(__name__)


class Channel(Protocol):
    """The calls about one job that the outbox makes."""

    def progress(self, progress: Progress) -> None: ...

    def lines(self, lines: Lines) -> LinesAnswer: ...


class Outbox:
    """Safe to use from several threads. Without the lease nothing is sent and nobody waits."""

    def __init__(self, *, log: LogPosition, lease: Lease, channel: Channel, spool: Spool) -> None:
        self._log = log.log
        self._lease = lease
        self._channel = channel
        self._spool = spool
        self._spool.begin(self._log, next_number=log.next)
        self._changed = threading.Condition()
        self._fresh: list[Line] = []  # numbered, not in the spool yet: less than a batch
        self._fresh_size = 0
        self._next = log.next  # the number of the next line
        self._cursor = log.next  # the number of the next line to send
        self._archived = log.next - 1
        self._asked = time.monotonic()
        self._closed = False
        self.book = ProgressBook(self._wake)
        self._thread = threading.Thread(target=self._run, name=f"outbox-{self._log}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """The sender ends after what it is doing now."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def say(self, stream: Stream, texts: list[str]) -> tuple[int, int]:
        """Takes lines that may leave the host; the numbers of the first and the last. Waits while there is no room."""
        with self._changed:
            first = self._next
            for text in texts:
                self._add((time.time_ns(), stream, text))
            self._changed.notify_all()
            return first, self._next - 1

    @property
    def last(self) -> int:
        """The number of the last line."""
        with self._changed:
            return self._next - 1

    def archived(self, number: int) -> None:
        """The control plane holds lines up to `number` for good."""
        with self._changed:
            self._archived = max(self._archived, number)
        self._spool.forget(self._log, number)

    def settle(self) -> None:
        """Waits until everything was taken, or the lease is over."""
        with self._changed:
            while not self._lease.is_over() and (self._cursor < self._next or self.book.is_waiting):
                self._changed.wait(ROOM_SECONDS)

    def go_on_after(self, last: int) -> None:
        """The control plane holds lines up to `last`: the next one to send is the one after it."""
        first = self._spool.first_number(self._log)
        with self._changed:
            if last >= self._next or (first is not None and last + 1 < first):
                self._lease.abandon(f"the control plane holds lines up to {last}, which do not fit to ours")
            self._cursor = last + 1
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _add(self, line: Line) -> None:
        size = line_size(line[2])
        if len(self._fresh) >= MAX_BATCH_LINES or self._fresh_size + size > MAX_BATCH_BYTES:
            self._store()
        self._fresh.append(line)
        self._fresh_size += size
        self._next += 1

    def _store(self) -> None:
        """Moves fresh lines into the spool; waits for room. The lines of a job without lease go nowhere."""
        while self._fresh and not self._lease.is_over():
            if self._spool.append(self._log, self._fresh) is not None:
                break
            self._changed.wait(ROOM_SECONDS)
        self._fresh, self._fresh_size = [], 0

    def _run(self) -> None:
        try:
            self._send_all()
        except Refused as error:
            self._lease.abandon(str(error))
        except Exception as error:
            logger.exception("job %s: reporting failed", self._lease.job)
            self._lease.abandon(f"reporting failed: {type(error).__name__}")

    def _send_all(self) -> None:
        backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
        while self._wait_for_work():
            try:
                moved = self._send_progress() | self._send_lines()
            except Unreachable as error:
                logger.info("job %s: not reported yet: %s", self._lease.job, error)
                moved = False
            if moved:
                backoff.reset()
            else:
                self._pause(backoff.pause())

    def _wait_for_work(self) -> bool:
        """False when there will be none."""
        with self._changed:
            while not self._closed and not self._lease.is_over():
                if self._cursor < self._next or self.book.is_waiting or self._is_probe_due():
                    return True
                self._changed.wait(PROBE_SECONDS)
            return False

    def _pause(self, seconds: float) -> None:
        """Not cut short by a cancel: its end is to be reported too."""
        until = time.monotonic() + seconds
        with self._changed:
            while not self._closed and not self._lease.is_over() and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

    def _is_probe_due(self) -> bool:
        return self._archived < self._cursor - 1 and time.monotonic() - self._asked >= PROBE_SECONDS

    def _send_progress(self) -> bool:
        news = self.book.take()
        if news is None:
            return False
        try:
            self._channel.progress(news)
        except Unreachable:
            self.book.put_back(news)
            raise
        except Refused as error:
            if error.status in NOT_OURS:
                raise
            logger.error("job %s: a report was not understood and is left out: %s", self._lease.job, error)
        self.book.done()
        self._wake()
        return True

    def _send_lines(self) -> bool:
        """One batch, or the question what is held; True when the control plane took some of it."""
        with self._changed:
            if self._cursor >= self._next and not self._is_probe_due():
                return False
        batch = self._next_batch()
        self._asked = time.monotonic()
        answer = self._answer(Lines(log=self._log, first=batch.first, lines=batch.lines))
        self.archived(answer.archived)
        moved = answer.last >= batch.first or not batch.lines
        self.go_on_after(answer.last)
        return moved

    def _answer(self, lines: Lines) -> LinesAnswer:
        try:
            return self._channel.lines(lines)
        except LinesMissing as missing:
            return LinesAnswer(last=missing.last, archived=0)

    def _next_batch(self) -> Batch:
        with self._changed:
            first, fresh = self._cursor, bool(self._fresh)
            if fresh and self._cursor >= self._next - len(self._fresh):
                self._store()
        stored = self._spool.read(self._log, first)
        return stored or Batch(first=first, lines=[])
