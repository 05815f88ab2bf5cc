"""Commands of the host, run as children that cannot stray.

Only argument lists, never a shell; an environment that says what it holds; a process group of its
own, killed when the block is left, on the deadline, on request, and with the worker.
"""

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.lines import LineCutter

POLL_SECONDS = 0.1
TERMINATE_SECONDS = 1.0
READ_BYTES = 64 * 1024
CHILD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ChildStopped(Exception):
    """The caller asked to stop; the child is being ended."""


class ChildTimeout(Exception):
    """The child took longer than it may."""


class Child:
    """A running command."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def exit_code(self) -> int:
        """Known after `lines` is exhausted."""
        code = self._process.returncode
        if code is None:
            raise AssertionError("the command has not ended")
        return code

    def lines(self, *, deadline: float, stopped: Callable[[], bool]) -> Iterator[str]:
        """Lines of both outputs as they come, until the command has ended; `deadline` by the monotonic clock.
        ChildStopped, ChildTimeout.
        """
        cutter = LineCutter()
        for data in self._pieces(deadline=deadline, stopped=stopped):
            yield from cutter.feed(data)
        yield from cutter.end()
        self._wait(deadline=deadline, stopped=stopped)

    def kill(self) -> None:
        """Asks the whole group to end, then makes it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(TERMINATE_SECONDS)

    def _pieces(self, *, deadline: float, stopped: Callable[[], bool]) -> Iterator[bytes]:
        output = self._process.stdout
        if output is None:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while True:
                _stop_if(deadline=deadline, stopped=stopped)
                if selector.select(POLL_SECONDS):
                    data = os.read(output.fileno(), READ_BYTES)
                    if not data:
                        return
                    yield data

    def _wait(self, *, deadline: float, stopped: Callable[[], bool]) -> None:
        """It closed its outputs, which is not yet its end."""
        while True:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(POLL_SECONDS)
                return
            _stop_if(deadline=deadline, stopped=stopped)


def _stop_if(*, deadline: float, stopped: Callable[[], bool]) -> None:
    if stopped():
        raise ChildStopped
    if time.monotonic() > deadline:
        raise ChildTimeout


@contextmanager
def running(command: Sequence[str], *, environment: Mapping[str, str], cwd: Path) -> Iterator[Child]:
    """Starts `command`, and ends it with all it started when the block is left. OSError if it
    cannot.
    """
    process = subprocess.Popen(
        [*_dying_with_parent(), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=cwd,
        start_new_session=True,
    )
    child = Child(process)
    try:
        yield child
    finally:
        if process.poll() is None:
            child.kill()
        if process.stdout is not None:
            process.stdout.close()


def _dying_with_parent() -> list[str]:
    """A prefix that has the kernel kill a child when its parent dies, where the host has
    `setpriv`.
    """
    setpriv = shutil.which("setpriv", path=CHILD_PATH)
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
