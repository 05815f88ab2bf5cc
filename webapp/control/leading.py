"""One process: its loops side by side, led by the pulse, which keeps the lock for all of them."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.utils.timezone import now

from webapp.control import lock
from webapp.control.loop import Loop, Part

STOP_SECONDS = 10.0  # a part that runs when it shall stop has this long to end

logger = logging.getLogger(__name__)


@dataclass
class Lead:
    """Whether this process leads; `holder` names it in the lock."""

    holder: str
    _until: float = 0.0

    def keep(self) -> bool:
        """Take or keep the lock. For the pulse alone."""
        begun, led = time.monotonic(), self.held()
        taken = lock.take(holder=self.holder, now=now())
        self._until = begun + lock.LOCK_SECONDS if taken else 0.0
        if taken != led:
            logger.info("control %s holder=%s", "leads" if taken else "stands by", self.holder)
        return taken

    def held(self) -> bool:
        """As the pulse found it last, while that is not too long ago. For the other loops; asks nobody."""
        return time.monotonic() < self._until

    def release(self) -> None:
        """Let the next process begin at once."""
        self._until = 0.0
        lock.release(holder=self.holder)


@dataclass
class Control:
    """All loops of one process; the first of them keeps the lock."""

    holder: str
    loops: Mapping[str, Sequence[Part]]
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until `stopping` is set; then every loop ends after the part that it is in."""
        lead = Lead(self.holder)
        (first, pulse), *others = self.loops.items()
        threads = [
            threading.Thread(target=self._loop(name, parts, lead.held).run, name=name, daemon=True)
            for name, parts in others
        ]
        for thread in threads:
            thread.start()
        self._loop(first, pulse, lead.keep).run()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logger.warning("control loop=%s did not end within %g s", thread.name, STOP_SECONDS)
        lead.release()
        connection.close()

    def _loop(self, name: str, parts: Sequence[Part], leads: Callable[[], bool]) -> Loop:
        return Loop(name=name, parts=parts, leads=leads, stopping=self.stopping)
