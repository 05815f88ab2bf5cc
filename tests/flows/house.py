"""The whole of Slipway as processes on this machine, for tests that fake nothing.

Web server, control loop and a host's worker and agent run as they do in production, in a private SLIPWAY_HOME with a
private Redis, against a real engine. Any of them can be killed and started again.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

from launch.engine import NoEngine, look_for_engine
from runtime.contract.names import LABEL_INSTANCE
from tests.flows.redis_server import RedisServer
from tests.flows.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
STOP_SECONDS = 15
ADMIN_PASSWORD = "correct horse battery staple"


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """One running Slipway. `home` holds its state; `processes` what was started, by name."""

    home: Path
    engine: str  # DOCKER_HOST
    redis: RedisServer
    database_url: str = ""
    address: str = "127.0.0.1"  # where the web server listens
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    def environment(self) -> dict[str, str]:
        """What every process of this house sees."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "DJANGO_"))}
        return {
            **kept,
            "SLIPWAY_HOME": str(self.home),
            "SLIPWAY_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "SLIPWAY_URL": self.url,
            "SLIPWAY_HOST_NAME": "local",
            "SLIPWAY_HOST_CREDENTIAL_FILE": str(self.home / "worker" / "credential"),
            "SLIPWAY_WORKER_HOME": str(self.home / "worker"),
            "SLIPWAY_ALLOWED_HOSTS": f"127.0.0.1,localhost,{self.address}",
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "REDIS_URL": self.redis.url,
            "DOCKER_HOST": self.engine,
            "PYTHONUNBUFFERED": "1",
            **({"DATABASE_URL": self.database_url} if self.database_url else {}),
            **self.extra,
        }

    def manage(self, *words: str) -> str:
        """Run a management command to its end; its output."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"manage.py {' '.join(words)} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def set_up(self) -> None:
        """Keys, database, first admin, host `local`, a token."""
        (self.home / "worker").mkdir(parents=True, exist_ok=True)
        for name, text in (("secret_key", os.urandom(32).hex()), ("encryption_keys", Fernet.generate_key().decode())):
            (self.home / name).write_text(text)
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        self.manage("first_admin")
        self.manage(
            "enroll_host", "local", "--every-team", "--credential-file", str(self.home / "worker" / "credential")
        )
        self.token = self.manage("create_token", "admin", "--scope", "admin").strip().splitlines()[-1].split()[-1]

    def start(self, *names: str) -> None:
        """Start these processes: web, control, worker, agent, edge."""
        commands = {
            "web": ["-m", "uvicorn", "webapp.asgi:application", "--ws", "websockets-sansio", "--no-access-log",
                    "--host", self.address, "--port", str(self.port)],
            "control": ["manage.py", "control"],
            "worker": ["-m", "runtime.worker", "worker"],
            "agent": ["-m", "runtime.worker", "agent"],
            "edge": ["-m", "runtime.worker", "edge"],
        }  # fmt: skip
        for name in names:
            output = (self.home / f"{name}.log").open("ab")
            self.processes[name] = subprocess.Popen(
                [sys.executable, *commands[name]], cwd=ROOT, env=self.environment(), stdout=output, stderr=output
            )
            output.close()

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and wait for the end."""
        process = self.processes.pop(name)
        process.send_signal(how)
        process.wait(STOP_SECONDS)

    def is_up(self, name: str) -> bool:
        return self.processes[name].poll() is None

    def wait_ready(self) -> None:
        """Until the web server answers that everything it needs is there, the host included."""

        def ready() -> bool:
            for name in self.processes:
                assert self.is_up(name), f"{name} ended:\n{self.words(name)}"
            try:
                return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(f"ready at {self.url}", ready, seconds=READY_SECONDS)

    def containers(self) -> list[str]:
        """Ids of the running containers that this house made."""
        return self.docker("ps", "-q", "--no-trunc", "--filter", f"label={LABEL_INSTANCE}={self.instance()}").split()

    def remove_what_it_made(self) -> None:
        """The containers, volumes and networks of this house; a machine has room for about thirty networks."""
        mine = f"label={LABEL_INSTANCE}={self.instance()}"
        found = self.docker("ps", "-aq", "--filter", mine).split()
        if found:
            self.docker("rm", "-f", *found)
        volumes = self.docker("volume", "ls", "-q", "--filter", mine).split()
        if volumes:
            self.docker("volume", "rm", *volumes)
        networks = self.docker("network", "ls", "-q", "--filter", mine).split()
        if networks:
            self.docker("network", "rm", *networks)

    def instance(self) -> str:
        """The name by which this Slipway labels its containers."""
        return self.manage("instance").strip()

    def docker(self, *words: str) -> str:
        """What the engine's command line prints."""
        command = ["docker", "-H", self.engine, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def words(self, name: str) -> str:
        """The end of what a process printed."""
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    def api(self, token: str | None = None) -> httpx.Client:
        """A client of the REST API with the admin's token, or another."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Bearer {token or self.token}"}, timeout=90
        )

    def stop(self) -> None:
        """Everything down, in the order of dependence; nothing is left."""
        for name in ("agent", "worker", "edge", "control", "web"):
            if name in self.processes:
                process = self.processes.pop(name)
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(STOP_SECONDS)


def engine_address() -> str:
    """DOCKER_HOST of an engine that answers; bin/test starts one."""
    found = look_for_engine()
    assert not isinstance(found, NoEngine), f"no engine at {found.address}: {found.reason} (bin/test starts one)"
    return found.address


@contextmanager
def running_house(engine: str, database_url: str = "", *, extra: Mapping[str, str] | None = None) -> Iterator[House]:
    """A whole Slipway that is ready, and nothing of it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="slw-", dir="/tmp"))  # short, since a unix socket's path may have 107 bytes
    redis = RedisServer(home)
    redis.start()
    house = House(home=home, engine=engine, redis=redis, database_url=database_url, extra=dict(extra or {}))
    try:
        house.set_up()
        house.start("web", "control", "worker", "agent")
        house.wait_ready()
        yield house
    finally:
        house.stop()
        house.remove_what_it_made()
        redis.stop()
        shutil.rmtree(home, ignore_errors=True)
