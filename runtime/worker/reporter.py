"""The reporter that procedures are given: what they tell is masked, numbered and sent."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.contract.reports import Stream
from runtime.procedures.ports import Cancelled, StepEnd
from runtime.redaction import Redactor
from runtime.worker.lease import Lease
from runtime.worker.outbox import Outbox
from runtime.worker.progress import ProgressBook

FAULT_KILL = "kill:"


class Abandoned(Exception):
    """The job is not ours any more: stop where you stand, undo nothing, for somebody else goes on with it."""


class JobReporter:
    """Implements `runtime.procedures.ports.Reporter`.

    `fault` is for tests alone (SLIPWAY_FAULT): "kill:<name>" kills this process with -9 when a step of
    that name starts.
    """

    def __init__(self, *, outbox: Outbox, lease: Lease, redactor: Redactor, fault: str = "") -> None:
        self._outbox = outbox
        self._lease = lease
        self._redactor = redactor
        self._fatal_step = fault.removeprefix(FAULT_KILL) if fault.startswith(FAULT_KILL) else None

    @property
    def _book(self) -> ProgressBook:
        return self._outbox.book

    def phase(self, name: str) -> None:
        self._book.phase(name)

    def fact(self, key: str, value: str) -> None:
        self._book.fact(key, self._redactor.clean(value))

    def line(self, stream: Stream, text: str, *, step: int | None = None) -> None:
        first, last = self._outbox.say(stream, self._redactor.lines(text))
        self._book.lines(first, last, step=step)

    def begin(self, name: str) -> int:
        shown = self._redactor.clean(name)
        if shown == self._fatal_step:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._book.begin(shown)

    def end(self, number: int, *, state: StepEnd = "succeeded", cached: bool = False, detail: str = "") -> None:
        self._book.end(number, state=state, cached=cached, detail=self._redactor.clean(detail))

    @contextmanager
    def step(self, name: str) -> Iterator[int]:
        number = self.begin(name)
        try:
            yield number
        except Cancelled:
            self.end(number, state="cancelled")
            raise
        except BaseException as error:
            self.end(number, state="failed", detail=str(error))
            raise
        self.end(number)

    def cancelled(self) -> bool:
        return self._lease.is_cancelled or self._lease.is_over()

    def check_cancelled(self) -> None:
        if self._lease.is_over():
            raise Abandoned
        if self._lease.is_cancelled:
            raise Cancelled

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.check_cancelled()
        while (left := until - time.monotonic()) > 0:
            self._lease.wait(left)
            self.check_cancelled()

    def now(self) -> float:
        return time.monotonic()
