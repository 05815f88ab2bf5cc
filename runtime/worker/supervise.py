"""Keeps a host's processes running: worker, agent, and the edge where it is on. If one dies, no other is harmed."""

import asyncio
import ctypes
import logging
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress

from runtime.worker.backoff import Backoff
from runtime.worker.config import Config

CHILDREN = ("worker", "agent")
EDGE = "edge"
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
STEADY_SECONDS = 30.0  # a process that lived so long starts again soon
STOP_SECONDS = 12.0  # for all, then they are killed
PR_SET_PDEATHSIG = 1

logger = logging.getLogger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)


async def supervise(command: Sequence[str], *, children: Sequence[str] = CHILDREN) -> None:
    """Runs `command child` for each child, again and again, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await asyncio.gather(*(_keep([*command, child], child, stop) for child in children))


async def _keep(command: Sequence[str], name: str, stop: asyncio.Event) -> None:
    backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
    while not stop.is_set():
        since = time.monotonic()
        process = await asyncio.create_subprocess_exec(*command, preexec_fn=_end_with_parent)
        code = await _ended(process, stop)
        if code is None:
            return
        if time.monotonic() - since > STEADY_SECONDS:
            backoff.reset()
        pause = backoff.pause()
        logger.error("the %s ended (%s); it starts again in %.1f s", name, _words(code), pause)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()


async def _ended(process: Process, stop: asyncio.Event) -> int | None:
    """Its exit code when it ended by itself; None when it was stopped because we stop."""
    waiting = asyncio.ensure_future(process.wait())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not stop.is_set():
        return await waiting
    with suppress(ProcessLookupError):
        process.terminate()
    done, _ = await asyncio.wait({waiting}, timeout=STOP_SECONDS)
    if not done:
        with suppress(ProcessLookupError):
            process.kill()
        await waiting
    return None


def _end_with_parent() -> None:
    """In the new process, before it becomes ours: the kernel ends it when the supervisor dies, however that dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _words(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit {code}"


def children_of(config: Config) -> tuple[str, ...]:
    """The parts of this host."""
    return CHILDREN if config.doors is None else (*CHILDREN, EDGE)


def own_command() -> list[str]:
    """How a part of this program is started."""
    return [sys.executable, "-m", "runtime.worker"]
