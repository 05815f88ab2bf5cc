"""A loop and its parts: each as often as it asks for, in turn, and one's failure does not stop the others."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import close_old_connections, connection
from django.utils.timezone import now

from webapp.control.bearing import Tally, keep
from webapp.problems import Unavailable

TICK_SECONDS = 1.0  # between two looks whether this process leads
FAST_TICK_SECONDS = 0.05  # while a part has more to do than its time
SAY_AGAIN_SECONDS = 30.0  # a part that keeps failing says so this often
TELL_SECONDS = 5.0  # between two times that the database is told how the parts fare

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One duty, taken up every so many seconds; the number it answers is how much it did."""

    name: str
    run: Callable[[datetime], int]
    every: float


@dataclass
class Loop:
    """Parts that wait for each other, while `leads` says that this process leads. Used by one thread."""

    name: str
    parts: Sequence[Part]
    leads: Callable[[], bool]
    stopping: threading.Event = field(default_factory=threading.Event)
    _due: dict[str, float] = field(default_factory=dict)
    _said: dict[str, float] = field(default_factory=dict)
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _told: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Go on until `stopping` is set, and end after the part that runs then."""
        while not self.stopping.is_set():
            self.turn()
            self.stopping.wait(self._pause())
        self._tell()
        connection.close()

    def turn(self) -> None:
        """One pass over the parts that are due, if this process leads."""
        close_old_connections()
        if not self._guarded("lock", self.leads):
            return
        for part in self.parts:
            begun = time.monotonic()
            if self._due.get(part.name, begun) > begun or self.stopping.is_set():
                continue
            self._due[part.name] = begun + part.every
            done = self._guarded(part.name, partial(part.run, now()))
            self._note(part, done, time.monotonic() - begun)
        if time.monotonic() - self._told > TELL_SECONDS:
            self._tell()

    def _pause(self) -> float:
        """Until the next part is due."""
        until = min(self._due.values(), default=0.0) - time.monotonic()
        return min(max(FAST_TICK_SECONDS, until), TICK_SECONDS) if self._due else TICK_SECONDS

    def _note(self, part: Part, done: int | None, seconds: float) -> None:
        self._tallies.setdefault(part.name, Tally()).add(done, seconds)
        if done:
            logger.info("control part=%s done=%s", part.name, done)

    def _tell(self) -> None:
        self._told = time.monotonic()
        tallies, self._tallies = self._tallies, {}
        self._guarded("metrics", partial(keep, loop=self.name, tallies=tallies, now=now()))

    def _guarded(self, name: str, run: Callable[[], int | bool | None]) -> int | bool | None:
        """Whatever goes wrong in a part is said, not every second, and tried again."""
        try:
            return run()
        except Exception as error:
            connection.close_if_unusable_or_obsolete()
            if time.monotonic() - self._said.get(name, float("-inf")) > SAY_AGAIN_SECONDS:
                self._said[name] = time.monotonic()
                logger.error("control part=%s failed", name, exc_info=None if isinstance(error, Unavailable) else error)
            return None
