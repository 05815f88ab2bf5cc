"""A long answer of the engine, read by a thread of its own so that the caller can stop waiting at
any time.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from runtime.engine.docker_client import ByteStream
from runtime.engine.errors import EngineTimeout, WorkCancelled, WorkTimeout
from runtime.lines import LineCutter

POLL_SECONDS = 0.1
MAX_WAITING_PIECES = 256


class Pump:
    """Opens a stream and reads it. The engine gives up the work when its connection is closed."""

    def __init__(self, open_stream: Callable[[], ByteStream]) -> None:
        self._open = open_stream
        self._pieces: queue.Queue[bytes | Exception | None] = queue.Queue(MAX_WAITING_PIECES)
        self._lock = threading.Lock()
        self._stream: ByteStream | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-pump", daemon=True)
        self._thread.start()

    def lines(self, *, deadline: float, cancelled: Callable[[], bool]) -> Iterator[str]:
        """The answer's lines. WorkCancelled, WorkTimeout, and what opening or reading raises."""
        cutter = LineCutter()
        for data in self.pieces(deadline=deadline, cancelled=cancelled):
            yield from cutter.feed(data)
        yield from cutter.end()

    def close(self) -> None:
        """Ends the engine's work if it still goes on. Done twice is done once."""
        with self._lock:
            self._closed.set()
            if self._stream is not None:
                self._stream.close()

    def pieces(self, *, deadline: float, cancelled: Callable[[], bool]) -> Iterator[bytes]:
        """The answer as it comes. WorkCancelled, WorkTimeout, and what opening or reading raises."""
        while True:
            if cancelled():
                raise WorkCancelled("it was cancelled")
            if time.monotonic() > deadline:
                raise WorkTimeout("it took longer than it may")
            with suppress(queue.Empty):
                piece = self._pieces.get(timeout=POLL_SECONDS)
                if piece is None:
                    return
                if isinstance(piece, Exception):
                    raise piece
                yield piece

    def _run(self) -> None:
        try:
            stream = self._open()
            with self._lock:
                self._stream = stream
                if self._closed.is_set():
                    stream.close()
            for data in stream:
                self._put(data)
            self._put(None)
        except Exception as error:
            # Whatever it is, the caller must hear of it: what is sent is read here too, from a source that may break.
            self._put(error)

    def _put(self, piece: bytes | Exception | None) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._pieces.put(piece, timeout=POLL_SECONDS)
                return


@contextmanager
def in_time() -> Iterator[None]:
    """An engine that does not begin to answer in time is as late as one that does not end: WorkTimeout."""
    try:
        yield
    except EngineTimeout as late:
        raise WorkTimeout("it took longer than it may") from late
