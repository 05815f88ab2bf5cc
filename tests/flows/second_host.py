"""Another machine, as far as one machine can be two: its own home, engine, key and Redis user, and no environment."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from tests.flows.house import House
from tests.flows.own_engine import OwnEngine
from tests.flows.story import Json, post

ENROLL_SECONDS = 120
STOP_SECONDS = 20


@dataclass
class SecondHost:
    """`folder` is where the operator stands when he pastes the command."""

    folder: Path
    engine: OwnEngine
    row: Json = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def worker(self) -> Path:
        return self.folder / "slipway-worker" / "bin" / "worker"

    @property
    def home(self) -> Path:
        return self.folder / "home" / "worker"

    def environment(self) -> dict[str, str]:
        """What every shell has, and where the packages are, which the test does not install anew."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "SLIPWAY_HOME": str(self.folder / "home"),
            "SLIPWAY_VENV": sys.prefix,
        }

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """In the operator's shell."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=ENROLL_SECONDS,
            check=False,
        )

    def start(self) -> None:
        """`bin/worker`, with no environment variable of Slipway's but where things are."""
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(self.worker)], cwd=self.folder, env=self.environment(), stdout=log, stderr=log
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """The worker and the agent end with it."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(STOP_SECONDS)
            self.process = None

    def words(self) -> str:
        """What it printed."""
        return (self.folder / "worker.log").read_text(errors="replace")


@contextmanager
def second_host(house: House, name: str) -> Iterator[SecondHost]:
    """Enrolled as `name` by the very command that the API gives, for every team; not started."""
    folder = Path(mkdtemp(prefix="slw-host-", dir="/tmp"))  # a socket's path is short
    host = SecondHost(folder, OwnEngine(home=folder / "engine", name=folder.name))
    host.engine.make()
    try:
        host.engine.start()
        with house.api() as api:
            host.row = post(api, "hosts/", {"name": name, "every_team": True})
        done = host.run(f"{host.row['enrollment']['command']} --engine {host.engine.address}")
        assert done.returncode == 0, done.stdout + done.stderr
        yield host
    finally:
        host.stop()
        host.engine.drop()
        shutil.rmtree(folder, ignore_errors=True)
