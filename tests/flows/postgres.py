"""A private PostgreSQL from Debian's package, for the tests that run on both databases."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.flows.house import free_port

START_SECONDS = 60


def binaries() -> Path:
    """Where Debian keeps the server's programs (not on the PATH)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "PostgreSQL is missing: bin/test installs it (as root: apt-get install postgresql)"
    return found[-1].parent


@contextmanager
def private_postgres() -> Iterator[str]:
    """A server on a loopback port, as an unprivileged user; yields the DATABASE_URL of an empty database."""
    place = Path(tempfile.mkdtemp(prefix="slw-pg-", dir="/tmp"))
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_owner:
        shutil.chown(place, "postgres", "postgres")
    programs = binaries()

    def run(*words: str) -> None:
        subprocess.run([*as_owner, *words], cwd=place, check=True, capture_output=True, timeout=START_SECONDS)

    data, log, port = place / "data", place / "log", str(free_port())
    run(str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "slipway", "--no-sync")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={place} -c fsync=off"
    run(str(programs / "pg_ctl"), "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
    try:
        run(str(programs / "createdb"), "-h", "127.0.0.1", "-p", port, "-U", "slipway", "slipway")
        yield f"postgres://slipway@127.0.0.1:{port}/slipway"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(place, ignore_errors=True)
