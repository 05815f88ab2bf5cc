"""Slipway's processes: started, started again when they end, stopped in order.

Own code rather than a supervisor package, because the promise is small and particular: children end with this
process even when it is killed, the engine stops last and keeps its containers, and the person reads sentences.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launch.places import ROOT, Places
from launch.processes import die_with_parent, end_recorded, write_record
from launch.say import say

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
STEADY_SECONDS = 30.0  # a child that lived so long starts again at once
LOG_LIMIT_BYTES = 20 * 1024 * 1024
LOG_LOOK_SECONDS = 30.0


@dataclass(frozen=True)
class Child:
    """One process to keep. Lower ranks stop first. `owns_group` is false where its children must outlive it."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    stop_rank: int = 1
    stop_seconds: float = 10.0
    owns_group: bool = True


def end_leftovers(places: Places) -> list[str]:
    """End what an earlier start left running; the names of what there was."""
    records = sorted(places.run.glob("*.process"))
    return [record.stem for record in records if end_recorded(record, seconds=20)]


class Supervisor:
    """Keeps children running until `stop`."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._stopping = asyncio.Event()
        self._children: dict[str, Child] = {}
        self._running: dict[str, Process] = {}
        self._keepers: list[asyncio.Task[None]] = [asyncio.create_task(self._bound_logs())]

    async def start(self, child: Child) -> None:
        """Start a child and keep it from now on."""
        self._children[child.name] = child
        first = await self._spawn(child)
        self._keepers.append(asyncio.create_task(self._keep(child, first)))

    def runs(self, name: str) -> bool:
        process = self._running.get(name)
        return process is not None and process.returncode is None

    def log_of(self, name: str) -> Path:
        return self._places.logs / f"{name}.log"

    async def stop(self) -> None:
        """Stop all children: those of one rank together, the ranks one after the other."""
        self._stopping.set()
        for rank in sorted({child.stop_rank for child in self._children.values()}):
            names = [name for name, child in self._children.items() if child.stop_rank == rank]
            await asyncio.gather(*(self._end(name) for name in names))
        await asyncio.gather(*self._keepers)

    async def _keep(self, child: Child, process: Process) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            since = time.monotonic()
            code = await process.wait()
            if self._stopping.is_set():
                return
            steady = time.monotonic() - since > STEADY_SECONDS
            pause = FIRST_PAUSE_SECONDS if steady else min(pause * 2, LONGEST_PAUSE_SECONDS)
            say(child.name, f"{_ending(code)}; starting again in {pause:g} s (its log: {self.log_of(child.name)})")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
                return
            process = await self._spawn(child)
            if self._stopping.is_set():
                await self._end(child.name)
                return

    async def _spawn(self, child: Child) -> Process:
        with self.log_of(child.name).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                env=dict(child.env),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._running[child.name] = process
        write_record(self._record(child.name), process.pid)
        return process

    async def _end(self, name: str) -> None:
        child, process = self._children[name], self._running.get(name)
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(child.stop_seconds):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if process is not None and child.owns_group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        self._record(name).unlink(missing_ok=True)

    def _record(self, name: str) -> Path:
        return self._places.run / f"{name}.process"

    async def _bound_logs(self) -> None:
        """Children hold their log open for appending, so it is copied and emptied, not renamed."""
        while not self._stopping.is_set():
            for log in self._places.logs.glob("*.log"):
                if log.stat().st_size > LOG_LIMIT_BYTES:
                    shutil.copyfile(log, log.with_suffix(".log.1"))
                    os.truncate(log, 0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOG_LOOK_SECONDS):
                    await self._stopping.wait()


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended (exit {code})"
