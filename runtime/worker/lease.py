"""The lease on a claimed job, kept by a heartbeat of its own thread.

It ends when the control plane says so, or when it was not renewed in time by a clock that also runs while this
process or the whole machine sleeps: whoever wakes up late finds the job gone, and does not touch it.
"""

import logging
import threading
import time
from collections.abc import Callable

from runtime.contract.reports import HeartbeatAnswer
from runtime.worker.control_plane import Refused, Unreachable

AGAIN_SECONDS = 0.3  # after a heartbeat that was not answered

logger = logging.getLogger(__name__)


def boot_clock() -> float:
    """Seconds since boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """Ours until `is_over`. `since` is when the claim was sent, by `clock`."""

    def __init__(
        self,
        *,
        job: str,
        seconds: float,
        interval: float,
        since: float,
        beat: Callable[[], HeartbeatAnswer],
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        self.job = job
        self._interval = interval
        self._deadline = since + seconds
        self._beat = beat
        self._on_archived: Callable[[int], None] = _nobody
        self._clock = clock
        self._abandoned = threading.Event()
        self._cancelled = threading.Event()
        self._disturbed = threading.Event()  # one of the two, or closed: whoever waits wakes up
        self._ending = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease-{job}", daemon=True)

    def start(self, *, on_archived: Callable[[int], None]) -> None:
        """Heartbeats from now on. `on_archived` hears how far the log is kept for good."""
        self._on_archived = on_archived
        self._thread.start()

    def end(self) -> None:
        """The last word is being said, and its answer counts: a refused heartbeat that crosses it means nothing."""
        self._ending.set()

    def close(self) -> None:
        """No heartbeat after this. Does not wait for one that is on its way."""
        self._closed.set()
        self._disturbed.set()

    def is_over(self) -> bool:
        """The job is not ours any more: stop at once and report nothing."""
        if not self._abandoned.is_set() and self._clock() >= self._deadline:
            self.abandon("it was not renewed in time")
        return self._abandoned.is_set()

    @property
    def is_cancelled(self) -> bool:
        """Somebody asked to stop: undo and say so."""
        return self._cancelled.is_set()

    def abandon(self, reason: str) -> None:
        """Give the job up. Done twice is done once."""
        if not self._abandoned.is_set():
            self._abandoned.set()
            self._disturbed.set()
            logger.warning("job %s: the lease is over: %s", self.job, reason)

    def wait(self, seconds: float) -> None:
        """Lets `seconds` pass, or less when the lease ends or a cancel arrives."""
        self._disturbed.wait(min(seconds, max(0.0, self._deadline - self._clock())))

    def _run(self) -> None:
        while not self._closed.wait(self._renew()):
            if self.is_over():
                return

    def _renew(self) -> float:
        """One heartbeat; seconds until the next."""
        sent = self._clock()
        try:
            answer = self._beat()
        except Unreachable as error:
            logger.info("job %s: no answer to a heartbeat: %s", self.job, error)
            return AGAIN_SECONDS
        except Refused as error:
            if self._ending.is_set() or self._closed.is_set():
                return self._interval
            self.abandon(str(error))
            return 0.0
        self._deadline = sent + answer.lease
        self._on_archived(answer.archived)
        if answer.cancel:
            self._cancelled.set()
            self._disturbed.set()
        return self._interval


def _nobody(_: int) -> None:
    """Hears nothing before the heartbeat starts."""
