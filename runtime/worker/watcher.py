"""What runs on this host: the engine's events as hints, a full list every few seconds as the truth.

One task looks at the engine, one question at a time, so that what is told is never older than what was told before.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from runtime.contract.link import RELIST_SECONDS, EngineFacts
from runtime.contract.names import LABEL_REPLICA
from runtime.engine.base import Engine, EventStream
from runtime.engine.errors import EngineError, NotFound
from runtime.engine.values import Container, EngineEvent
from runtime.worker.backoff import Backoff

PATIENCE_SECONDS = 8.0  # an engine that takes longer is said not to answer; the question stays open
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 3.0
MAX_HINTS = 1000  # waiting; with more of them a full list says it better
NO_HINT = ("exec_", "top", "attach", "resize", "export", "commit", "copy", "archive")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything there is, as seen at one moment."""

    containers: list[Container]
    facts: EngineFacts


class Observer(Protocol):
    """Who hears what runs. Called on the event loop, in order."""

    async def listed(self, listing: Listing | None) -> None:
        """A full list; None when the engine does not answer."""

    async def changed(self, container: Container) -> None:
        """One container looks so now."""

    async def gone(self, container: str, replica: str) -> None:
        """One container was removed."""


class Watcher:
    """Watches the containers of one instance."""

    def __init__(self, *, engine: Engine, instance: str, observer: Observer) -> None:
        self._engine = engine
        self._instance = instance
        self._observer = observer
        self._lane = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._open: asyncio.Future[Listing | None] | None = None
        self._hints: dict[str, str] = {}  # container -> replica, in order of arrival
        self._stirred = asyncio.Event()
        self._relist = True
        self._listed_at = 0.0

    async def run(self) -> None:
        """Until it is cancelled."""
        events = _Events(self._engine, self._instance, asyncio.get_running_loop(), self)
        try:
            while True:
                await self._look()
                # However much stirs in between: a host whose engine is busy would else be taken for silent.
                left = self._listed_at + RELIST_SECONDS - time.monotonic()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(left, 0)):
                        await self._stirred.wait()
                if time.monotonic() - self._listed_at >= RELIST_SECONDS:
                    self._relist = True
        finally:
            events.close()
            self._lane.shutdown(wait=False, cancel_futures=True)

    def relist(self) -> None:
        """Make a full list now."""
        self._relist = True
        self._stirred.set()

    def hint(self, event: EngineEvent) -> None:
        """Something happened to this container."""
        if event.action.startswith(NO_HINT):
            return
        if len(self._hints) >= MAX_HINTS:
            self._relist = True
        else:
            self._hints[event.container_id] = event.labels.get(LABEL_REPLICA, "")
        self._stirred.set()

    async def _look(self) -> None:
        self._stirred.clear()
        if self._relist:
            self._relist = False
            self._hints.clear()
            self._listed_at = time.monotonic()
            await self._observer.listed(await self._list())
        while self._hints and not self._relist:
            container, replica = next(iter(self._hints.items()))
            del self._hints[container]
            await self._look_at(container, replica)

    async def _list(self) -> Listing | None:
        if self._open is None:
            self._open = asyncio.get_running_loop().run_in_executor(self._lane, self._ask)
        done, _ = await asyncio.wait({self._open}, timeout=PATIENCE_SECONDS)
        if not done:
            return None
        answer, self._open = self._open, None
        return answer.result()

    def _ask(self) -> Listing | None:
        try:
            return Listing(self._engine.list_managed(instance=self._instance), self._engine.facts())
        except EngineError as error:
            logger.warning("the engine does not answer: %s", error)
            return None

    async def _look_at(self, container: str, replica: str) -> None:
        if self._open is not None:
            return  # the engine hangs; the list that is asked for will tell
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                seen = await loop.run_in_executor(self._lane, self._engine.container, container)
        except NotFound:
            await self._observer.gone(container, replica)
        except (EngineError, TimeoutError):
            self._relist = True
        else:
            await self._observer.changed(seen)


class _Events:
    """Reads the engine's events in a thread; after each (re)opening a full list follows."""

    def __init__(self, engine: Engine, instance: str, loop: asyncio.AbstractEventLoop, watcher: Watcher) -> None:
        self._engine = engine
        self._instance = instance
        self._loop = loop
        self._watcher = watcher
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._stream: EventStream | None = None
        threading.Thread(target=self._run, name="engine-events", daemon=True).start()

    def close(self) -> None:
        with self._lock:
            self._stop.set()
            if self._stream is not None:
                self._stream.close()

    def _run(self) -> None:
        backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
        while not self._stop.is_set():
            try:
                self._read(backoff)
            except EngineError as error:
                logger.info("no events from the engine: %s", error)
            except Exception:
                # A hint lost costs a few seconds; the list is the truth.
                logger.exception("an event of the engine was not understood")
            self._stop.wait(backoff.pause())

    def _read(self, backoff: Backoff) -> None:
        stream = self._engine.events(instance=self._instance)
        with self._lock:
            self._stream = stream
            if self._stop.is_set():
                stream.close()
        self._tell(self._watcher.relist)
        for event in stream:
            backoff.reset()
            self._tell(partial(self._watcher.hint, event))

    def _tell(self, heard: Callable[[], None]) -> None:
        # The loop is closed while the process ends.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(heard)
