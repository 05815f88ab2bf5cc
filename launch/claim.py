"""One Slipway for one home: who holds it, and at which address."""

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from launch.environment import Door
from launch.places import ROOT, Places
from launch.say import say, stop


def hold_home(places: Places) -> IO[str] | None:
    """Take the home for this process; None when a running Slipway has it. The lock ends with the process."""
    lock = _lock(places).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    lock.truncate(0)
    return lock


def write_down(lock: IO[str], door: Door) -> None:
    """Tell whoever wants the home too where this Slipway is."""
    json.dump({"pid": os.getpid(), "url": door.url}, lock)
    lock.flush()


@contextmanager
def alone_in_tree() -> Iterator[None]:
    """Set-up of one work tree goes on in one process at a time; others wait here and then find it done."""
    with (ROOT / "constraints.txt").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Set-up", "waiting for another set-up of this work tree …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def holder(places: Places) -> dict[str, object]:
    """What the running Slipway wrote down: `pid` and `url`; empty when none does."""
    try:
        with _lock(places).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        written = json.loads(_lock(places).read_text() or "{}")
        return written if isinstance(written, dict) else {}
    except FileNotFoundError:
        return {}
    return {}


def free_port(bind: str, port: int) -> int:
    """The port, once it is known to be free; 0 picks one. Stops with a sentence when it is taken."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            stop(_why_not(bind, port, error))
        return int(probe.getsockname()[1])


def _why_not(bind: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {bind} is in use by another program. Choose another: bin/up --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for root. Choose one above 1023: bin/up --port 8000"
    return f"Slipway cannot listen on {bind}, port {port}: {error.strerror or error}."


def _lock(places: Places) -> Path:
    return places.run / "up.lock"
