"""bin/test: set up what the tests need, then lint, types, walls, sizes, tests."""

import argparse
import asyncio
import ctypes
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launch.assets import ensure_assets
from launch.base_image import ensure_busybox
from launch.caddy import PACKAGE as CADDY
from launch.caddy import is_installed
from launch.claim import alone_in_tree, hold_home
from launch.commands import apt_install, end_of
from launch.engine import NoEngine
from launch.engine_setup import ensure_engine, say_engine, wait_for_engine
from launch.entry import guarded
from launch.environment import tool_environment
from launch.git import ensure_git
from launch.places import ROOT, Places, places
from launch.processes import die_with_parent
from launch.python import DEVELOPMENT, ensure_python
from launch.registry import PACKAGE, REGISTRY
from launch.say import say, stop, title
from launch.supervise import Child, Supervisor, end_leftovers

DRIVER_NEEDS = "libatomic.so.1"  # by the program inside playwright's wheel that drives the browser
SSHD = "/usr/sbin/sshd"  # for the tests that fetch from a Git server by SSH
SANDBOX = "runsc"  # gVisor, for the test that runs a container in it
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
EVERYTHING = ("-m", "")  # over the default selection in pyproject.toml, which is the fast tests

AT_ONCE = ("-n", "auto", "--dist", "loadfile")  # one file's tests share what they start
# Generated requests are made up while tests are collected, which costs each process seconds.
FAST = ("--ignore", "tests/rest/test_conformance.py", "-p", "no:schemathesis")


@dataclass
class Run:
    """One run of bin/test: where, what is asked, what failed so far."""

    places: Places
    fast: bool
    pytest_words: Sequence[str]
    failed: list[str] = field(default_factory=list)


def main() -> int:
    return guarded(_test)


def _test() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/test", description="Check and test everything; other words go to pytest."
    )
    parser.add_argument("--fast", action="store_true", help="no engine, no browser, no servers: within 30 s")
    asked, words = parser.parse_known_args()
    here = places().of_tests()
    here.make()
    run = Run(here, asked.fast, words)
    title("Setting up")
    with alone_in_tree():
        ensure_python(here, requirements=DEVELOPMENT)
    if run.fast:
        asyncio.run(_run(run, None))
    else:
        _run_in_full(run)
    if run.failed:
        stop(f"Failed: {', '.join(run.failed)}.")
    return 0


def _run_in_full(run: Run) -> None:
    lock = hold_home(run.places)
    if lock is None:
        stop(f"Another full bin/test runs in {run.places.home}.")
    with lock:
        with alone_in_tree():
            engine = _ensure_full(run.places)
        asyncio.run(_run(run, engine))


def _ensure_full(here: Places) -> Child | None:
    """What only the full run needs; the engine to start for it, if it is to be started."""
    log = here.logs / "setup.log"
    ensure_assets(here)
    if not any(shutil.which(name) for name in BROWSERS):
        apt_install("Browser", ["chromium"], log=log)
    if not shutil.which("curl"):
        apt_install("Fetching", ["curl"], log=log)  # the command that enrolls a host
    if not _loads(DRIVER_NEEDS):
        apt_install("Browser driver", ["libatomic1"], log=log)
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        apt_install("PostgreSQL", ["postgresql"], log=log)
    if not Path(REGISTRY).exists():
        apt_install("Registry", [PACKAGE], log=log)
    if not Path(SSHD).exists():
        apt_install("SSH server", ["openssh-server"], log=log)
    if not is_installed():
        apt_install("Edge", [CADDY], log=log)
    if not shutil.which(SANDBOX):
        apt_install("Isolation runtime", [SANDBOX], log=log)
    ensure_busybox(here)
    ensure_git(here)
    end_leftovers(here)
    return ensure_engine(here)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


async def _run(run: Run, engine: Child | None) -> None:
    supervisor = Supervisor(run.places)
    try:
        if engine is not None:
            await supervisor.start(engine)
        await _checks(run)
        if engine is not None:
            await _engine_answers(supervisor)
        await _tests(run)
    finally:
        await supervisor.stop()


async def _engine_answers(supervisor: Supervisor) -> None:
    found = await asyncio.to_thread(wait_for_engine)
    if isinstance(found, NoEngine):
        stop(f"Engine: dockerd was started but {found.reason}. {end_of(supervisor.log_of('engine'))}")
    say_engine(found)


async def _checks(run: Run) -> None:
    title("Checking")
    await asyncio.gather(
        _step(run, "lint", "ruff", "check", ".", held=True),
        _step(run, "format", "ruff", "format", "--check", ".", held=True),
        _step(run, "walls", "lint-imports", "--no-logo", held=True),
        _step(run, "sizes", "python", "-m", "launch.sizes", held=True),
        _step(run, "types", "mypy", held=True),
        _step(run, "templates", "djlint", "templates", "--lint", "--quiet", held=True),
    )


async def _tests(run: Run) -> None:
    title("Testing")
    if run.fast:
        await _step(run, "tests", "pytest", "-q", *AT_ONCE, *FAST, *run.pytest_words)
    elif run.pytest_words:
        await _step(run, "tests", "pytest", *EVERYTHING, *run.pytest_words)
    else:
        whole = [*EVERYTHING, "-q", "--nothing-left-out"]
        await _step(run, "tests", "pytest", *whole, "at-once", *AT_ONCE)
        await _step(run, "tests on PostgreSQL", "python", "-m", "tests.on_postgres", *whole, "at-once", *AT_ONCE)
        await _step(run, "tests with engine, browser and servers", "pytest", *whole, "alone", "-v")


async def _step(run: Run, name: str, program: str, *words: str, held: bool = False) -> None:
    """One check, its output as it is, or `held` until it ends; a failure is kept and the others still run."""
    since = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        str(run.places.python.parent / program),
        *words,
        cwd=ROOT,
        env=tool_environment(run.places),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if held else None,
        stderr=asyncio.subprocess.STDOUT if held else None,
        preexec_fn=die_with_parent,
    )
    said, _ = await process.communicate()
    code = process.returncode
    print((said or b"").decode(errors="replace"), end="", flush=True)
    say(name, f"{'done' if code == 0 else 'FAILED'} in {time.monotonic() - since:.1f} s")
    if code != 0:
        run.failed.append(name)
