"""A worker host's real processes, with a real Redis and an engine that only pretends to be one."""

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from celery import Celery
from kombu import Exchange, Queue

from runtime.contract.names import DOORBELL_TASK, host_queue
from tests.worker.fake_control_plane import CREDENTIAL, FakeControlPlane

ROOT = Path(__file__).resolve().parents[2]
HOST = "h1"
STOP_SECONDS = 20


class SilentEngine:
    """Takes connections and never answers, until it is told to hang up: an engine that hangs."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def is_asked(self) -> bool:
        return bool(self._taken)

    def hang_up(self) -> None:
        """Nobody is there any more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for taken in self._taken:
            taken.close()

    def _run(self) -> None:
        while True:
            try:
                self._taken.append(self._socket.accept()[0])
            except OSError:
                return


@dataclass
class WorkerHost:
    """Starts the program with one word (worker, agent) or none (both, supervised)."""

    home: Path
    control_plane: FakeControlPlane
    redis_url: str
    engine: str = "unix:///nonexistent/docker.sock"
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What the program is told."""
        credential = self.home / "credential"
        credential.write_text(CREDENTIAL + "\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
        return {
            **kept,
            "SLIPWAY_URL": self.control_plane.url,
            "SLIPWAY_HOST_NAME": HOST,
            "SLIPWAY_HOST_CREDENTIAL_FILE": str(credential),
            "SLIPWAY_WORKER_HOME": str(self.home / "worker"),
            "REDIS_URL": self.redis_url,
            "DOCKER_HOST": self.engine,
            "PYTHONUNBUFFERED": "1",
            **self.extra,
        }

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.home / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "runtime.worker", *words],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
            )

    @property
    def words(self) -> str:
        """What it printed."""
        return (self.home / "worker.log").read_text(errors="replace")

    def ring(self, *args: object, task: str = DOORBELL_TASK) -> None:
        """Ring the host's doorbell."""
        queue = host_queue(HOST)
        with Celery("ringer", broker=self.redis_url.replace("unix://", "redis+socket://")) as app:
            app.conf.task_ignore_result = True
            app.amqp.queues.add(Queue(queue, exchange=Exchange(queue, type="direct"), routing_key=queue))
            app.send_task(task, args=list(args), queue=queue, retry=False)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    """Send a signal and wait; the exit code."""
    process.send_signal(how)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def children(pid: int) -> list[int]:
    """The ids of a process's children."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def command_of(pid: int) -> list[str]:
    """The words with which a process was started; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []
