"""The keeper of the own registry: it serves, stops for as long as it collects, and serves again whatever came of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from launch import keep_registry as keeper
from launch.places import ROOT
from tests.waiting import until

pytestmark = pytest.mark.thorough

PROGRAM = """#!/bin/sh
echo "$1 begins" >> {log}
if [ "$1" = serve ]; then trap 'echo "serve ends" >> {log}; exit 0' TERM; while :; do sleep 0.05; done; fi
rm -f {data}/garbage; echo "collected" >> {log}; exit {code}
"""


@contextmanager
def kept(folder: Path, *, code: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """A keeper of a registry that is played."""
    (folder / "data").mkdir()
    (folder / "data" / "garbage").write_bytes(bytes(5000))
    program = folder / "program"
    program.write_text(PROGRAM.format(log=folder / "log", data=folder / "data", code=code))
    program.chmod(0o755)
    command = [sys.executable, "-m", "launch.keep_registry", str(program), str(folder / "config.yml")]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        until(lambda: said(folder) == ["serve begins"] and (folder / keeper.HERE).exists())
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def said(folder: Path) -> list[str]:
    log = folder / "log"
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("code", [0, 3])
def test_it_collects_with_the_registry_stopped_and_serves_again(tmp_path: Path, code: int) -> None:
    with kept(tmp_path, code=code):
        (tmp_path / keeper.GO).touch()
        until(lambda: (tmp_path / keeper.DONE).exists() and not (tmp_path / keeper.GO).exists())
        until(lambda: said(tmp_path)[-1] == "serve begins")
        told = json.loads((tmp_path / keeper.DONE).read_text())
        assert (told["good"], told["freed"]) == (code == 0, 5000) and told["began"] <= told["ended"]
        assert said(tmp_path) == [
            "serve begins",
            "serve ends",
            "garbage-collect begins",
            "collected",
            "serve begins",
        ]
    assert not (tmp_path / keeper.HERE).exists()


def test_a_word_to_go_of_another_time_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / keeper.GO).touch()
    old = time.time() - keeper.FRESH_SECONDS - 1
    os.utime(tmp_path / keeper.GO, (old, old))
    with kept(tmp_path):
        until(lambda: not (tmp_path / keeper.GO).exists())
        assert said(tmp_path) == ["serve begins"] and not (tmp_path / keeper.DONE).exists()


def test_it_ends_with_a_registry_that_ends_by_itself(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    command = [sys.executable, "-m", "launch.keep_registry", str(program), str(tmp_path / "config.yml")]
    assert subprocess.run(command, cwd=ROOT, timeout=20, check=False).returncode == 7
