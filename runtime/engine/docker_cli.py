"""The Docker command line as a builder: finding one that can, and running it as a child that
cannot stray.

Only argument lists, never a shell; a minimal environment; a process group of its own that is killed
on cancel, on the deadline and with the worker.
"""

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runtime.engine.base import BuildRequest
from runtime.engine.errors import BuildCancelled, BuildTimeout
from runtime.redaction import decode

PROBE_TIMEOUT = 10.0
POLL_SECONDS = 0.1
TERMINATE_SECONDS = 1.0
MAX_LINE = 256 * 1024
READ_BYTES = 64 * 1024
BUILTIN_BUILDKIT = range(18, 23)  # from 23 on, the client builds with BuildKit only through buildx
RAW_JSON_SINCE = (0, 13)
CHILD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Kind = Literal["buildx", "buildkit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """A docker command that can build with BuildKit."""

    path: str
    kind: Kind
    progress: Literal["plain", "rawjson"] = "plain"

    def command(self, request: BuildRequest, *, id_file: Path) -> list[str]:
        """The argument list of a build that writes the image's ID to `id_file`."""
        head = [self.path, "build"]
        if self.kind == "buildx":
            head = [self.path, "buildx", "build", "--builder", "default", "--load"]
            head += ["--provenance=false"]
        options = [f"--progress={self.progress}", f"--iidfile={id_file}", f"--tag={request.tag}"]
        options += [f"--file={request.context / request.dockerfile}"]
        options += [f"--label={name}={value}" for name, value in sorted(request.labels.items())]
        options += [f"--build-arg={name}={value}" for name, value in sorted(request.args.items())]
        options += [f"--target={request.target}"] if request.target else []
        options += ["--no-cache"] if request.no_cache else []
        return [*head, *options, "--", str(request.context)]


def candidates() -> list[str]:
    """Every `docker` on the PATH: the first one may be a bare client that cannot build."""
    found = [Path(folder) / "docker" for folder in [*os.get_exec_path(), "/usr/bin"]]
    paths = {os.path.realpath(path): str(path) for path in reversed(found) if path.is_file()}
    return list(reversed(paths.values()))


def find_cli(paths: Sequence[str], *, address: str) -> Cli | None:
    """The best of these commands: any with buildx first, then any with BuildKit built in."""
    for path in paths:
        version = _answer([path, "buildx", "version"], address=address)
        if version is not None:
            known = re.search(r"\bv?(\d+)\.(\d+)", version)
            raw = known is not None and (int(known[1]), int(known[2])) >= RAW_JSON_SINCE
            return Cli(path=path, kind="buildx", progress="rawjson" if raw else "plain")
    for path in paths:
        version = _answer([path, "--version"], address=address) or ""
        known = re.search(r"\b(\d+)\.(\d+)", version)
        if known is not None and int(known[1]) in BUILTIN_BUILDKIT:
            return Cli(path=path, kind="buildkit")
    return None


def child_environment(*, address: str, home: Path) -> dict[str, str]:
    """All that the child sees of the world: no credentials, no settings of whoever started us."""
    return {
        "PATH": CHILD_PATH,
        "HOME": str(home),
        "DOCKER_CONFIG": str(home),
        "DOCKER_HOST": address,
        "DOCKER_BUILDKIT": "1",
        "LANG": "C.UTF-8",
    }


class Child:
    """A running command. `lines` gives its output; leaving the `running` block ends it for sure."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def exit_code(self) -> int:
        """Known after `lines` is exhausted."""
        return self._process.wait()

    def lines(self, *, deadline: float, cancelled: Callable[[], bool]) -> Iterator[str]:
        """Lines of both outputs as they come. BuildCancelled, BuildTimeout."""
        rest = b""
        for data in self._pieces(deadline=deadline, cancelled=cancelled):
            *whole, rest = (rest + data).split(b"\n")
            if len(rest) > MAX_LINE:
                whole, rest = [*whole, rest], b""
            for line in whole:
                yield decode(line.rstrip(b"\r"))
        if rest:
            yield decode(rest)

    def _pieces(self, *, deadline: float, cancelled: Callable[[], bool]) -> Iterator[bytes]:
        output = self._process.stdout
        if output is None:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while True:
                if cancelled():
                    raise BuildCancelled("the build was cancelled")
                if time.monotonic() > deadline:
                    raise BuildTimeout("the build took longer than it may")
                if selector.select(POLL_SECONDS):
                    data = os.read(output.fileno(), READ_BYTES)
                    if not data:
                        return
                    yield data

    def kill(self) -> None:
        """Asks the whole group to end, then makes it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(TERMINATE_SECONDS)


@contextmanager
def running(command: Sequence[str], *, environment: dict[str, str], cwd: Path) -> Iterator[Child]:
    """Starts `command` and ends it, with all it started, when the block is left."""
    process = subprocess.Popen(
        [*dying_with_parent(), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
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


def dying_with_parent() -> list[str]:
    """A prefix that has the kernel kill a child when its parent dies, where the host has
    `setpriv`.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _answer(command: Sequence[str], *, address: str) -> str | None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=child_environment(address=address, home=Path("/nonexistent")),
            timeout=PROBE_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return decode(done.stdout) if done.returncode == 0 else None
