"""Every watched log is read once per process, however many watch it here; what comes is shared out in memory.

A viewer has a budget of bytes. What does not fit is dropped and the viewer told so: it lost nothing, for the number of
the last line it has seen says where to go on reading.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from webapp.logs import tail
from webapp.problems import Unavailable

VIEWER_BYTES = 4 * 1024 * 1024
PAUSE_SECONDS = 0.5  # after Redis did not answer; doubled up to LONGEST_PAUSE_SECONDS
LONGEST_PAUSE_SECONDS = 4.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """An entry as every viewer of this process shares it."""

    first: int
    last: int
    text: str
    end: str | None


@dataclass(eq=False)
class Viewer:
    """One who watches one log: pieces that came since `fanout.watch` began, within the budget."""

    budget: int = VIEWER_BYTES
    overflowed: bool = False
    _pieces: deque[Piece] = field(default_factory=deque)
    _bytes: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, piece: Piece) -> None:
        """Called by the reader of the log."""
        self._news.set()
        if self._bytes + len(piece.text) > self.budget and self._pieces:
            self.overflowed = True
            self._pieces.clear()
            self._bytes = 0
            return
        self._pieces.append(piece)
        self._bytes += len(piece.text)

    async def wait(self, seconds: float) -> bool:
        """True as soon as there is something to take; False after `seconds`."""
        if self._pieces or self.overflowed:
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> list[Piece]:
        """Everything that came; empty right after an overflow."""
        self._news.clear()
        pieces = list(self._pieces)
        self._pieces.clear()
        self._bytes = 0
        return pieces


class _Watch:
    """The one reader of one log in this process."""

    def __init__(self, log_id: str) -> None:
        self.log_id = log_id
        self.viewers: set[Viewer] = set()
        self.begun = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"watch {log_id}")
        self.task.add_done_callback(lambda _: self.begun.set())

    async def _run(self) -> None:
        position, pause = -1, PAUSE_SECONDS
        # The wish to end is asked for: redis-py sends within wait_for, which may swallow a cancel (Python 3.11).
        while not self.task.cancelling():
            try:
                if position < 0:
                    position = await self._held()
                self.begun.set()
                entries = await tail.follow_async(log_id=self.log_id, after=position)
                for entry in entries:
                    self._share(entry)
                    position = entry.last
                if entries and entries[-1].end is not None:
                    return
                if not entries:
                    position = await self._look_again(position)
                pause = PAUSE_SECONDS
            except Unavailable as refusal:
                self.begun.set()
                logger.warning("log %s is not followed for %.1f s: %s", self.log_id, pause, refusal.detail)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _held(self) -> int:
        known = await tail.known_async(log_id=self.log_id)
        return known.last if known is not None else 0

    async def _look_again(self, position: int) -> int:
        """Redis may have lost lines, which come again under their old numbers."""
        return min(position, await self._held())

    def _share(self, entry: tail.Entry) -> None:
        piece = Piece(first=entry.first, last=entry.last, text=entry.text.decode(), end=entry.end)
        for viewer in tuple(self.viewers):
            viewer.offer(piece)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Watch]] = WeakKeyDictionary()


@asynccontextmanager
async def watch(log_id: str) -> AsyncIterator[Viewer]:
    """Watch a log from now on. What came before is for the reader: read after this began, then nothing is missed."""
    watches = _watches.setdefault(asyncio.get_running_loop(), {})
    watched = watches.get(log_id)
    if watched is None:
        watched = watches[log_id] = _Watch(log_id)
    viewer = Viewer()
    watched.viewers.add(viewer)
    try:
        await watched.begun.wait()
        yield viewer
    finally:
        watched.viewers.discard(viewer)
        if not watched.viewers and watches.get(log_id) is watched:
            del watches[log_id]
            watched.task.cancel()
