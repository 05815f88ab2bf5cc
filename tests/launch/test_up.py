"""bin/up as a person uses it: real servers, a real engine, a home of its own."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from launch.places import ROOT
from launch.processes import recorded, start_time
from tests.engine.dockerd import engine_address
from tests.waiting import until

START_SECONDS = 120
STOP_SECONDS = 40
SECOND_START_SECONDS = 8
CHILDREN = ("web", "control", "worker", "redis")

pytestmark = pytest.mark.flow


class Running:
    """A bin/up process and what it has said so far."""

    def __init__(self, home: Path, engine: str, *words: str) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "DJANGO_"))}
        for name in ("REDIS_URL", "DATABASE_URL"):
            kept.pop(name, None)
        own = {"SLIPWAY_HOME": str(home), "SLIPWAY_VENV": sys.prefix, "DOCKER_HOST": engine}
        self.environment = {**kept, **own}
        self.since = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "bin" / "up"), "--port", "0", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.said = ""

    def wait_until_it_says(self, text: str, seconds: float) -> None:
        assert self.process.stdout is not None
        end = time.monotonic() + seconds
        while text not in self.said:
            readable, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            assert readable, f"bin/up did not say {text!r} within {seconds} s:\n{self.said}"
            new = os.read(self.process.stdout.fileno(), 65536)
            assert new, f"bin/up ended without saying {text!r}:\n{self.said}"
            self.said += new.decode()

    def url(self) -> str:
        found = re.search(r"Slipway is up: (http://127\.0\.0\.1:\d+)/", self.said)
        assert found, self.said
        return found[1]

    def children(self) -> dict[str, int | None]:
        return {name: recorded(self.home / "run" / f"{name}.process") for name in CHILDREN}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


def edge_answers(said: str) -> bool:
    """The edge that was told of answers that it serves nothing yet; where its ports are taken, it says what to do."""
    ports = re.search(r"Edge +Caddy at 127\.0\.0\.1, ports (\d+)", said)
    if ports is None:
        return re.search(r"Edge +off: .* SLIPWAY_EDGE=\d+,\d+ bin/up", said) is not None
    try:
        return httpx.get(f"http://127.0.0.1:{ports[1]}/", timeout=5).status_code == httpx.codes.SERVICE_UNAVAILABLE
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with engine_address() as address:
        yield address


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_it_starts_tells_where_and_how_to_sign_in_and_stops_without_a_trace(home: Path, engine: str) -> None:
    first = Running(home, engine)
    first.wait_until_it_says("Ctrl-C stops it", START_SECONDS)
    try:
        assert httpx.get(f"{first.url()}/healthz", timeout=5).status_code == 200
        assert re.search(r"admin.*password|password.*admin", first.said, re.DOTALL | re.IGNORECASE), first.said
        assert all(first.children().values()), first.children()
        until(lambda: edge_answers(first.said), seconds=20)
        command = [sys.executable, str(ROOT / "bin" / "up")]
        again = subprocess.run(command, env=first.environment, capture_output=True, text=True, timeout=30, check=False)
        assert again.returncode == 0
        assert f"already runs: {first.url()}/" in again.stdout
        children = [pid for pid in first.children().values() if pid]
    finally:
        code = first.stop()
    assert code == 0
    assert [pid for pid in children if start_time(pid) is not None] == []

    second = Running(home, engine)
    try:
        second.wait_until_it_says("Ctrl-C stops it", SECOND_START_SECONDS)
        assert time.monotonic() - second.since < SECOND_START_SECONDS
        assert "Sign in with your account" in second.said
    finally:
        second.stop()


def test_after_a_kill_it_starts_again_as_if_nothing_had_happened(home: Path, engine: str) -> None:
    killed = Running(home, engine)
    killed.wait_until_it_says("Ctrl-C stops it", START_SECONDS)
    killed.process.kill()
    killed.process.wait(STOP_SECONDS)
    after = Running(home, engine)
    try:
        after.wait_until_it_says("Ctrl-C stops it", START_SECONDS)
        assert all(after.children().values())
    finally:
        assert after.stop() == 0


def test_a_killed_server_comes_back_by_itself(home: Path, engine: str) -> None:
    running = Running(home, engine)
    running.wait_until_it_says("Ctrl-C stops it", START_SECONDS)
    try:
        for name in ("control", "worker"):
            pid = running.children()[name]
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            running.wait_until_it_says(f"{name:<14}was ended by signal 9; starting again", 10)
    finally:
        assert running.stop() == 0
