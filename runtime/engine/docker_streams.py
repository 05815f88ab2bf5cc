"""Logs and events of the Docker Engine as streams that can be closed from another thread."""

import json
from collections.abc import Iterator
from typing import Any

from runtime.engine.base import MAX_LOG_BATCH, EngineEvent, LogEntry
from runtime.engine.docker_client import ByteStream, Connection
from runtime.engine.errors import EngineUnavailable
from runtime.engine.frames import BrokenStream, LogFrames

# A reader that resumes asks from a little before the last line it holds: the engine's clock may run
# back slightly between two lines, and lines of one time are told apart by counting from the first.
RESUME_WINDOW_NS = 10_000_000
MAX_EVENT_BYTES = 1024 * 1024


class DockerLogStream:
    """One container's log, open."""

    def __init__(self, stream: ByteStream, *, since_ns: int) -> None:
        self._stream = stream
        self._frames = LogFrames(after_ns=since_ns)

    def __iter__(self) -> Iterator[list[LogEntry]]:
        try:
            for data in self._stream:
                entries = self._frames.feed(data)
                for start in range(0, len(entries), MAX_LOG_BATCH):
                    yield entries[start : start + MAX_LOG_BATCH]
        except BrokenStream as error:
            raise EngineUnavailable(f"the log cannot be read: {error}") from error
        finally:
            self.close()

    def close(self) -> None:
        self._stream.close()


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
    params = {
        "stdout": "1",
        "stderr": "1",
        "timestamps": "1",
        "follow": "1" if follow else "0",
        "tail": tail,
    }
    if since_ns:
        params["since"] = _engine_time(max(1, since_ns - RESUME_WINDOW_NS))
    stream = connection.stream("GET", f"/containers/{container_id}/logs", params=params)
    return DockerLogStream(stream, since_ns=since_ns)


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
