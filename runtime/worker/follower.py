"""One reader per container: what the engine kept of its output becomes numbered lines in the spool.

A reader goes on where the last one stopped, by the engine's time of the last line it took; it asks for that line once
more, and where the engine does not hold it any longer, a line of Slipway's own marks the gap.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator

from runtime.contract.names import LABEL_ENVIRONMENT, LABEL_LOG, LABEL_SERVICE
from runtime.contract.reports import MAX_BATCH_BYTES, MAX_BATCH_LINES, Line
from runtime.engine.base import Engine, LogStream
from runtime.engine.errors import EngineError, NotFound
from runtime.engine.values import Container, LogEntry
from runtime.redaction import Redactor
from runtime.worker.backoff import Backoff
from runtime.worker.ends import tell_end, tell_start
from runtime.worker.masks import Masks
from runtime.worker.spool import Spool, line_size

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
ROOM_SECONDS = 0.5
SETTLE_SECONDS = 0.3  # in which whoever watches the engine has told of an end that is over already
GAP = "Slipway: lines may be missing here; the engine had let go of them before they were read."

logger = logging.getLogger(__name__)


class Follower:
    """Reads one container's log to its end, in a thread of its own; `is_done` then."""

    def __init__(
        self,
        *,
        container: Container,
        engine: Engine,
        spool: Spool,
        redactor: Redactor,
        on_change: Callable[[], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self.container = container
        self.ended = container  # as it was seen when it last had an exit code
        self.log = container.labels[LABEL_LOG]
        self._engine = engine
        self._spool = spool
        self._redactor = redactor
        self._on_change = on_change
        self._on_fault = on_fault
        self._stop = threading.Event()
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._stream: LogStream | None = None
        self._thread = threading.Thread(target=self._run, name=f"log-{self.log}", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def stop(self) -> None:
        """Ends the reading, from any thread. The spool takes nothing of it after this."""
        with self._lock:
            self._stop.set()
            if self._stream is not None:
                self._stream.close()

    def _run(self) -> None:
        backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
        try:
            while not self._stop.is_set():
                try:
                    self._follow(backoff)
                    self._tell_end()
                    return
                except NotFound:
                    return
                except EngineError as error:
                    logger.info("log %s: %s", self.log, error)
                self._stop.wait(backoff.pause())
        except Exception as error:
            if not self._stop.is_set():
                self._on_fault(error)
        finally:
            self._done.set()
            self._on_change()

    def _tell_end(self) -> None:
        """As the container is now, or was seen to end when it runs again already."""
        seen = self._engine.container(self.container.container_id)
        if seen.exit_code is None and seen.finished_ns is not None:
            self._stop.wait(SETTLE_SECONDS)
            seen = self.ended if self.ended.finished_ns == seen.finished_ns else seen
        if tell_end(spool=self._spool, container=seen, unless=self._stop):
            self._on_change()

    def _follow(self, backoff: Backoff) -> None:
        """To the log's end."""
        tell_start(spool=self._spool, container=self.container, unless=self._stop)
        known = self._spool.reader_ns(self.log, self.container.container_id)
        since = self._spool.resume_ns(self.log) if known is None else known - 1
        stream = self._open(since)
        expected = known
        try:
            for entries in stream:
                backoff.reset()
                if expected is not None:
                    self._take(self._without_known(entries, expected))
                    expected = None
                else:
                    self._take(entries)
                if self._stop.is_set():
                    return
        finally:
            stream.close()

    def _open(self, since_ns: int) -> LogStream:
        stream = self._engine.logs(self.container.container_id, since_ns=max(0, since_ns), follow=True)
        with self._lock:
            self._stream = stream
            if self._stop.is_set():
                stream.close()
        return stream

    def _without_known(self, entries: list[LogEntry], known_ns: int) -> list[LogEntry]:
        """Without the line that is held already. Says so when the engine does not hold it any more."""
        if entries[0].ns == known_ns:
            return entries[1:]
        self._keep([(known_ns, "s", GAP)])
        return entries

    def _take(self, entries: list[LogEntry]) -> None:
        for lines in _batches(self._lines_of(entry) for entry in entries):
            self._keep(lines)

    def _lines_of(self, entry: LogEntry) -> list[Line]:
        return [(entry.ns, entry.stream, text) for text in self._redactor.lines(entry.text)]

    def _keep(self, lines: list[Line]) -> None:
        """Waits for room: the engine keeps what is not read yet."""
        container = self.container.container_id
        while not self._stop.is_set():
            if self._spool.append(self.log, lines, container=container, unless=self._stop) is not None:
                self._on_change()
                return
            if self._spool.next_number(self.log) is None:
                self._stop.set()
                return
            self._spool.wait_for_room(ROOM_SECONDS)


class Followers:
    """The readers of all containers. Called from one thread."""

    def __init__(
        self,
        *,
        engine: Engine,
        spool: Spool,
        masks: Masks,
        on_change: Callable[[], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._engine = engine
        self._spool = spool
        self._masks = masks
        self._on_change = on_change
        self._on_fault = on_fault
        self._running: dict[str, Follower] = {}  # by container
        self._read: set[tuple[str, int | None]] = set()  # container and start whose log was read to its end

    def tend(self, containers: Iterable[Container]) -> None:
        """Each of these that has something unread and a log in the spool is being read."""
        present = {container.container_id: container for container in containers}
        self._collect(present)
        for container in present.values():
            running = self._running.get(container.container_id)
            if running is not None and container.exit_code is not None:
                running.ended = container
            if running is not None or container.started_ns is None:
                continue
            if (container.container_id, container.started_ns) in self._read:
                continue
            if self._spool.next_number(container.labels[LABEL_LOG]) is not None:
                self._running[container.container_id] = self._start(container)

    def has_ended(self) -> bool:
        """Did one come to its end since the last `tend`?"""
        return any(follower.is_done for follower in self._running.values())

    def reads(self, log: str) -> bool:
        """Is somebody still reading into this log?"""
        return any(follower.log == log and not follower.is_done for follower in self._running.values())

    def stop(self, log: str) -> None:
        """Nobody reads into this log; `tend` begins again, from where the spool says."""
        for container_id in [one for one, follower in self._running.items() if follower.log == log]:
            follower = self._running.pop(container_id)
            follower.stop()
            self._read = {seen for seen in self._read if seen[0] != container_id}

    def close(self) -> None:
        for follower in self._running.values():
            follower.stop()
        self._running.clear()

    def _start(self, container: Container) -> Follower:
        labels = container.labels
        redactor = self._masks.redactor(
            service=labels.get(LABEL_SERVICE, ""), environment=labels.get(LABEL_ENVIRONMENT, "")
        )
        return Follower(
            container=container,
            engine=self._engine,
            spool=self._spool,
            redactor=redactor,
            on_change=self._on_change,
            on_fault=self._on_fault,
        )

    def _collect(self, present: dict[str, Container]) -> None:
        """Those that came to an end. A container seen started again since then is read again by `tend`."""
        for container_id, follower in list(self._running.items()):
            if follower.is_done:
                del self._running[container_id]
                self._read.add((container_id, follower.container.started_ns))
        self._read = {seen for seen in self._read if seen[0] in present}


def _batches(groups: Iterable[list[Line]]) -> Iterator[list[Line]]:
    """Lines in batches within a report's bounds. The parts of one entry stay together: they share its time, and a
    log is resumed by time.
    """
    batch: list[Line] = []
    size = 0
    for group in groups:
        group_size = sum(line_size(line[2]) for line in group)
        if batch and (len(batch) + len(group) > MAX_BATCH_LINES or size + group_size > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch += group
        size += group_size
    if batch:
        yield batch
