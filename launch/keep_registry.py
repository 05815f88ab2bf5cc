"""Keeps Slipway's own registry: serves it, and stops it for as long as it collects what no manifest names any more.

    python -m launch.keep_registry PROGRAM CONFIGURATION

Collecting while somebody pushes breaks what is pushed, so nobody is served meanwhile. The control plane says when, by
the file `collect.go` beside the configuration, at a moment in which no job uses the registry; what came of it stands in
`collected.json` then. That somebody is here who hears is told by the file `keeper`, renewed all the time.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from launch.processes import die_with_parent

LOOK_SECONDS = 1.0
STOP_SECONDS = 30.0  # in which what is under way may end
COLLECT_SECONDS = 600.0  # less than what the control plane waits (webapp.registries.own.collecting)
FRESH_SECONDS = 60.0  # an older word to go was meant for another moment
GO, DONE, HERE = "collect.go", "collected.json", "keeper"


class Keeper:
    """One registry. `run` returns with its exit code when it ends by itself, and 0 after `stop`."""

    def __init__(self, program: str, configuration: Path) -> None:
        self._program, self._configuration = program, configuration
        self._folder = configuration.parent
        self._stopping = False
        self._process = self._serve()

    def run(self) -> int:
        while not self._stopping:
            code = self._process.poll()
            if code is not None:
                return code or 1
            (self._folder / HERE).touch()
            if self._may_collect():
                self._collect()
            time.sleep(LOOK_SECONDS)
        self._end()
        (self._folder / HERE).unlink(missing_ok=True)
        return 0

    def stop(self) -> None:
        self._stopping = True

    def _serve(self) -> subprocess.Popen[bytes]:
        return self._start("serve")

    def _start(self, verb: str) -> subprocess.Popen[bytes]:
        command = [self._program, verb, str(self._configuration)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def _carry_out(self, verb: str, *, seconds: float) -> int | None:
        """Its exit code; None when it took longer, or we are to stop: then it does not go on. We are here meanwhile."""
        process, until = self._start(verb), time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < until and not self._stopping:
            (self._folder / HERE).touch()
            time.sleep(LOOK_SECONDS / 4)
        if process.poll() is None:
            process.kill()
            process.wait()
            return None
        return process.returncode

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _may_collect(self) -> bool:
        try:
            age = time.time() - (self._folder / GO).stat().st_mtime
        except FileNotFoundError:
            return False
        if age > FRESH_SECONDS:
            (self._folder / GO).unlink(missing_ok=True)
        return age <= FRESH_SECONDS

    def _collect(self) -> None:
        """With the registry stopped; it serves again whatever comes of it."""
        self._end()
        before, begun = _bytes_below(self._folder / "data"), time.time()
        good = self._carry_out("garbage-collect", seconds=COLLECT_SECONDS) == 0
        self._process = self._serve()
        told = {"good": good, "freed": max(before - _bytes_below(self._folder / "data"), 0), "began": begun}
        draft = self._folder / f".{DONE}"
        draft.write_text(json.dumps(told | {"ended": time.time()}))
        draft.replace(self._folder / DONE)
        (self._folder / GO).unlink(missing_ok=True)


def main() -> int:
    program, configuration = sys.argv[1:]
    keeper = Keeper(program, Path(configuration))
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: keeper.stop())
    return keeper.run()


def _bytes_below(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(path, name)).st_size
    return total


if __name__ == "__main__":
    sys.exit(main())
