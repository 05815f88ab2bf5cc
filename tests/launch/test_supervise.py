"""Children are kept, stopped in order, and never outlive a killed bin/up."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from launch import supervise
from launch.places import ROOT, Places
from launch.processes import recorded, start_time
from launch.supervise import Child, Supervisor, end_leftovers

pytestmark = pytest.mark.thorough

PATIENCE_SECONDS = 10


@pytest.fixture
def here(tmp_path: Path) -> Places:
    made = Places(home=tmp_path, venv=tmp_path / "venv")
    made.make()
    return made


def sleeper(name: str, stop_rank: int = 1, program: str = "import time; time.sleep(60)") -> Child:
    return Child(name, (sys.executable, "-c", program), dict(os.environ), stop_rank=stop_rank, stop_seconds=0.5)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_child_that_ends_is_started_again(
    here: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_SECONDS", 0.01)
    supervisor = Supervisor(here)
    await supervisor.start(sleeper("web"))
    first = recorded(here.run / "web.process")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: recorded(here.run / "web.process") not in (None, first))
    await supervisor.stop()
    assert "was ended by signal 9; starting again" in capsys.readouterr().out
    assert not list(here.run.glob("*.process"))


async def test_ranks_stop_one_after_the_other_and_a_deaf_child_is_killed(here: Places) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    last_words = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print(time.monotonic_ns())))"
    )
    polite = f"{last_words}; print('polite', flush=True); time.sleep(60)"
    supervisor = Supervisor(here)
    await supervisor.start(sleeper("first", program=deaf))
    await supervisor.start(sleeper("second", stop_rank=2, program=polite))
    await until(lambda: "deaf" in supervisor.log_of("first").read_text())
    await until(lambda: "polite" in supervisor.log_of("second").read_text())
    before = time.monotonic_ns()
    await supervisor.stop()
    stopped_at = int(supervisor.log_of("second").read_text().split()[-1])
    assert stopped_at - before >= 500_000_000
    assert not supervisor.runs("first")


async def test_stopping_takes_the_grandchildren_along(here: Places) -> None:
    program = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    supervisor = Supervisor(here)
    await supervisor.start(sleeper("worker", program=program))
    await until(lambda: supervisor.log_of("worker").read_text().endswith("\n"))
    grandchild = int(supervisor.log_of("worker").read_text())
    await supervisor.stop()
    await until(lambda: start_time(grandchild) is None)


async def test_children_end_when_their_supervisor_is_killed(here: Places) -> None:
    program = (
        "import asyncio, os, pathlib\n"
        "from launch.places import Places\n"
        "from launch.supervise import Child, Supervisor\n"
        f"home = pathlib.Path({str(here.home)!r})\n"
        "async def main():\n"
        "    await Supervisor(Places(home, home)).start(Child('web', ('sleep', '60'), dict(os.environ)))\n"
        "    print('started', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        child = recorded(here.run / "web.process")
        assert child is not None
        parent.kill()
    await until(lambda: start_time(child) is None)


def test_what_an_earlier_start_left_running_is_ended(here: Places) -> None:
    with subprocess.Popen(["sleep", "60"]) as left:
        (here.run / "redis.process").write_text(f"{left.pid} {start_time(left.pid)}\n")
        assert end_leftovers(here) == ["redis"]
        assert left.wait(PATIENCE_SECONDS) == -signal.SIGTERM


def test_a_number_that_another_process_has_now_is_left_alone(here: Places) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (here.run / "redis.process").write_text(f"{stranger.pid} 1\n")
        assert end_leftovers(here) == []
        assert stranger.poll() is None
        stranger.kill()


async def test_a_log_that_grows_too_long_is_set_aside(here: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "LOG_LIMIT_BYTES", 1000)
    (here.logs / "web.log").write_text("x" * 2000)
    supervisor = Supervisor(here)
    await until(lambda: (here.logs / "web.log").stat().st_size == 0)
    await supervisor.stop()
    assert (here.logs / "web.log.1").stat().st_size == 2000
