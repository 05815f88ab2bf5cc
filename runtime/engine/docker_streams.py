"""Logs and events of the Docker Engine as streams that can be closed from another thread."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from runtime.engine.base import MAX_LOG_BATCH
from runtime.engine.docker_client import ByteStream, Connection
from runtime.engine.errors import EngineUnavailable
from runtime.engine.frames import BrokenStream, LogFrames
from runtime.engine.rotation import Rotation
from runtime.engine.values import EngineEvent, LogEntry

# A reader that resumes asks from a little before the last line it holds: the engine's clock may run
# back slightly between two lines, and lines of one time are told apart by counting from the first.
RESUME_WINDOW_NS = 10_000_000
MAX_EVENT_BYTES = 1024 * 1024

# Opens an answer with a log's entries from a little before this time on; followed or not.
Opener = Callable[[int, bool], ByteStream]


class DockerLogStream:
    """One container's log, open.

    It is read to its end first, and only then followed: not everything is to be believed that the
    engine says while it follows (see `rotation`). After a doubtful word, and when the log is said
    to have ended, it is read again from the last entry on.
    """

    def __init__(self, opener: Opener, *, since_ns: int, follow: bool) -> None:
        self._opener = opener
        self._since = since_ns
        self._follow = follow
        self._last: int | None = None  # the last entry that was given out
        self._lock = threading.Lock()
        self._closed = False
        self._stream = opener(since_ns, False)

    def __iter__(self) -> Iterator[list[LogEntry]]:
        try:
            yield from self._read(LogFrames(after_ns=self._since))
            doubtful = self._follow
            while doubtful and not self._closed:
                frames = self._reopened(follow=True)
                yield from self._read(frames)
                doubtful = frames.is_doubtful
                yield from self._read(self._reopened(follow=False))
        except BrokenStream as error:
            raise EngineUnavailable(f"the log cannot be read: {error}") from error
        finally:
            self.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._stream.close()

    def _reopened(self, *, follow: bool) -> LogFrames:
        """For the next answer, whose first entry is the last one that is known."""
        after = self._since if self._last is None else self._last - 1
        stream = self._opener(after, follow)
        with self._lock:
            self._stream.close()
            self._stream = stream
            if self._closed:
                stream.close()
        return LogFrames(after_ns=after, rotation=Rotation() if follow else None)

    def _read(self, frames: LogFrames) -> Iterator[list[LogEntry]]:
        known = self._last
        for data in self._stream:
            entries = frames.feed(data)
            if known is not None and entries:
                if entries[0].ns != known:
                    raise BrokenStream("the engine has let go of lines")
                known = None
                del entries[0]
            for start in range(0, len(entries), MAX_LOG_BATCH):
                batch = entries[start : start + MAX_LOG_BATCH]
                self._last = batch[-1].ns
                yield batch
            if frames.is_doubtful:
                return


class DockerEventStream:
    """The engine's events about our containers, open."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[EngineEvent]:
        rest = b""
        try:
            for data in self._stream:
                *lines, rest = (rest + data).split(b"\n")
                if len(rest) > MAX_EVENT_BYTES:
                    raise EngineUnavailable("an event of the engine is too large")
                for line in lines:
                    if line.strip():
                        yield _event(json.loads(line))
        finally:
            self.close()

    def close(self) -> None:
        self._stream.close()


def open_logs(
    connection: Connection, container_id: str, *, since_ns: int, follow: bool, tail: str = "all"
) -> DockerLogStream:
    """Opens the log; entries after `since_ns`."""

    def opener(after_ns: int, following: bool) -> ByteStream:
        params = {
            "stdout": "1",
            "stderr": "1",
            "timestamps": "1",
            "follow": "1" if following else "0",
            "tail": tail,
        }
        if after_ns:
            params["since"] = _engine_time(max(1, after_ns - RESUME_WINDOW_NS))
        return connection.stream("GET", f"/containers/{container_id}/logs", params=params)

    return DockerLogStream(opener, since_ns=since_ns, follow=follow)


def open_events(connection: Connection, *, label: str, since_ns: int | None) -> DockerEventStream:
    """Opens the events of containers that carry `label` ("name=value")."""
    params = {"filters": json.dumps({"type": ["container"], "label": [label]})}
    if since_ns is not None:
        params["since"] = _engine_time(since_ns)
    return DockerEventStream(connection.stream("GET", "/events", params=params))


def _event(message: dict[str, Any]) -> EngineEvent:
    actor = message.get("Actor") or {}
    return EngineEvent(
        ns=int(message.get("timeNano", 0)),
        container_id=str(actor.get("ID", "")),
        action=str(message.get("Action", "")),
        labels=dict(actor.get("Attributes") or {}),
    )


def _engine_time(ns: int) -> str:
    return f"{ns // 1_000_000_000}.{ns % 1_000_000_000:09d}"
