"""Rounds: each managed container whose port shall answer is asked again and again, as long as it runs.

What to ask stands in the container's own label. A `command` or `image` check is the engine's own.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import msgspec

from runtime.contract.container import Health
from runtime.contract.names import LABEL_HEALTH
from runtime.engine.values import Container, EngineHealth
from runtime.health import Prober, complaint_of

LOOK_SECONDS = 0.1  # between two looks for who is due
PROVING_SECONDS = 0.3  # between two questions to one that has not answered yet
DOUBT_SECONDS = 1.0  # at least, to one that answered before and did not now
STEADY_SECONDS = 5.0  # at least, to one of which all is known
FIRST_ANSWER_SECONDS = 1.0  # a list waits so long for the first answers of those just found
MOST_AT_ONCE = 16

OnChange = Callable[[Container], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class _Asked:
    """One life of a container, and what it has answered."""

    container: Container
    health: Health
    verdict: EngineHealth = "starting"
    complaint: str = ""
    failures: int = 0  # in a row
    answers: int = 0
    due: float = 0.0
    task: asyncio.Task[None] | None = None  # the question that is open

    def take(self, complaint: str | None) -> bool:
        """An answer has come; True when the verdict is another now."""
        before = self.verdict, self.complaint if self.verdict == "unhealthy" else ""
        self.answers += 1
        self.failures = 0 if complaint is None else self.failures + 1
        if complaint is None:
            self.verdict = "healthy"
        elif self.failures >= self.health.retries and (self.verdict == "healthy" or self._had_its_time()):
            self.verdict = "unhealthy"
        self.complaint = complaint or ""
        return before != (self.verdict, self.complaint if self.verdict == "unhealthy" else "")

    def pause(self) -> float:
        """Until the next question."""
        if self.verdict == "starting":
            return min(self.health.interval, PROVING_SECONDS)
        return max(self.health.interval, DOUBT_SECONDS if self._in_doubt() else STEADY_SECONDS)

    def _in_doubt(self) -> bool:
        return self.verdict == "healthy" and self.failures > 0

    def _had_its_time(self) -> bool:
        up = time.time_ns() - (self.container.started_ns or 0)
        return up > (self.health.grace + self.health.deadline) * 1e9


class Rounds:
    """Called on one event loop. `on_change` hears of each container whose verdict became another."""

    def __init__(self, *, prober: Prober, on_change: OnChange) -> None:
        self._prober = prober
        self._on_change = on_change
        self._asked: dict[str, _Asked] = {}
        self._lane = ThreadPoolExecutor(max_workers=MOST_AT_ONCE, thread_name_prefix="health")
        self._open: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                self._ask_who_is_due()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._open:
                task.cancel()
            self._lane.shutdown(wait=False, cancel_futures=True)

    def listed(self, containers: Iterable[Container]) -> None:
        """All containers there are."""
        present = {one.container_id: one for one in containers}
        for gone in self._asked.keys() - present.keys():
            del self._asked[gone]
        for one in present.values():
            self.changed(one)

    def changed(self, container: Container) -> None:
        """One container looks so now. Started again, it has everything to prove anew."""
        health = health_of(container.labels)
        if health is None or container.status != "running":
            self._asked.pop(container.container_id, None)
            return
        known = self._asked.get(container.container_id)
        if known is None or known.container.started_ns != container.started_ns:
            self._asked[container.container_id] = _Asked(container=container, health=health)
        else:
            known.container = container

    def gone(self, container: str) -> None:
        self._asked.pop(container, None)

    async def first_answers(self) -> None:
        """Waits until each has been asked once, but not for long: who has run for days is not told as starting."""
        self._ask_who_is_due()
        first = [one.task for one in self._asked.values() if one.task is not None and not one.answers]
        if first:
            await asyncio.wait(first, timeout=FIRST_ANSWER_SECONDS)

    def judged(self, container: Container) -> Container:
        """The container with what it answered; as it is when nothing is asked of it."""
        asked = self._asked.get(container.container_id)
        if asked is None or container.status != "running" or asked.container.started_ns != container.started_ns:
            return container
        said = asked.complaint if asked.verdict == "unhealthy" else ""
        return replace(container, health=asked.verdict, message=container.message or said)

    def _ask_who_is_due(self) -> None:
        now = time.monotonic()
        for asked in self._asked.values():
            if asked.task is None and asked.due <= now:
                asked.task = asyncio.ensure_future(self._ask(asked))
                self._open.add(asked.task)
                asked.task.add_done_callback(self._open.discard)

    async def _ask(self, asked: _Asked) -> None:
        loop = asyncio.get_running_loop()
        complaint = await loop.run_in_executor(self._lane, complaint_of, asked.container, asked.health, self._prober)
        changed = asked.take(complaint)
        asked.task, asked.due = None, time.monotonic() + asked.pause()
        if changed and self._asked.get(asked.container.container_id) is asked:
            await self._on_change(asked.container)


def health_of(labels: Mapping[str, str]) -> Health | None:
    """What is to be asked of a container with these labels; None when nothing is, or in words not understood."""
    try:
        return msgspec.json.decode(labels[LABEL_HEALTH], type=Health)
    except (KeyError, msgspec.MsgspecError, UnicodeError):
        return None
