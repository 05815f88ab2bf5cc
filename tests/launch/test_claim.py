"""One Slipway for one home, and a port that is free."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from launch.claim import free_port, hold_home, holder, write_down
from launch.environment import Door
from launch.places import ROOT, Places
from launch.say import CannotGoOn

pytestmark = pytest.mark.thorough


@pytest.fixture
def here(tmp_path: Path) -> Places:
    made = Places(home=tmp_path / "home", venv=tmp_path / "venv")
    made.make()
    return made


def test_a_second_start_learns_where_the_first_one_is(here: Places) -> None:
    lock = hold_home(here)
    assert lock is not None
    write_down(lock, Door("127.0.0.1", 8765))
    assert hold_home(here) is None
    assert holder(here)["url"] == "http://127.0.0.1:8765"
    lock.close()


def test_the_home_is_free_again_when_its_holder_was_killed(here: Places) -> None:
    program = (
        "import os, pathlib, signal; from launch.claim import hold_home; from launch.places import Places; "
        f"home = pathlib.Path({str(here.home)!r}); lock = hold_home(Places(home, home)); assert lock; "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=20, check=False)
    assert ended.returncode == -9
    assert holder(here) == {}
    lock = hold_home(here)
    assert lock is not None
    lock.close()


def test_a_busy_port_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotGoOn, match=f"Port {port} on 127.0.0.1 is in use .* bin/up --port {port + 1}"):
            free_port("127.0.0.1", port)


def test_port_zero_picks_a_free_one() -> None:
    assert free_port("127.0.0.1", 0) > 0


def test_bin_up_ends_with_1_on_a_busy_port_before_it_makes_anything(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, str(ROOT / "bin" / "up"), "--port", str(taken.getsockname()[1])]
        env = {"SLIPWAY_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "in use by another program" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home" / "venv").exists()
