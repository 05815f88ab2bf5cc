"""Open logs and events of the fake engine."""

import sys
import threading
from collections.abc import Iterator
from typing import Protocol

from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.base import MAX_LOG_BATCH
from runtime.engine.errors import EngineUnavailable
from runtime.engine.fake_container import FakeContainer
from runtime.engine.values import EngineEvent, LogEntry

POLL_SECONDS = 0.05


class Remembers(Protocol):
    """The part of the fake engine that streams look at."""

    unavailable: bool
    changed: threading.Condition
    recorded: list[EngineEvent]


class _Stream:
    def __init__(self, engine: Remembers) -> None:
        self._engine = engine
        self._closed = threading.Event()

    def close(self) -> None:
        self._closed.set()

    def _wait(self) -> None:
        """Until something may be new. EngineUnavailable when the engine went away."""
        if self._engine.unavailable:
            raise EngineUnavailable("the engine broke off")
        self._closed.wait(POLL_SECONDS)


class FakeLogStream(_Stream):
    """See `LogStream`."""

    def __init__(self, engine: Remembers, container: FakeContainer, *, since_ns: int, follow: bool) -> None:
        super().__init__(engine)
        self._container = container
        self._since = since_ns
        self._follow = follow
        self._run = container.started_ns or 0

    def __iter__(self) -> Iterator[list[LogEntry]]:
        """To the end of this run: as an engine's, a stream goes on with none that came after."""
        while not self._closed.is_set():
            begun = self._container.started_ns or 0
            over = begun != self._run or self._container.status != "running"
            end = begun if begun != self._run else sys.maxsize
            new = [entry for entry in self._container.log if self._since < entry.ns < end]
            if new:
                self._since = new[:MAX_LOG_BATCH][-1].ns
                yield new[:MAX_LOG_BATCH]
            elif over or not self._follow:
                return
            else:
                self._wait()


class FakeEventStream(_Stream):
    """See `EventStream`."""

    def __init__(self, engine: Remembers, *, instance: str, since_ns: int) -> None:
        super().__init__(engine)
        self._instance = instance
        self._since = since_ns
        self._seen = 0

    def __iter__(self) -> Iterator[EngineEvent]:
        while not self._closed.is_set():
            new = self._engine.recorded[self._seen :]
            self._seen += len(new)
            for event in new:
                ours = event.labels.get(LABEL_INSTANCE) == self._instance
                if ours and event.ns >= self._since and not self._closed.is_set():
                    yield event
            if not new:
                self._wait()
