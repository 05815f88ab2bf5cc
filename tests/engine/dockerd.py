"""A Docker Engine for the tests: the one that answers, else one of their own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.engine.docker import DockerEngine
from runtime.engine.docker_client import DEFAULT_ADDRESS
from runtime.engine.errors import EngineError
from tests.waiting import until

DAEMON = "/usr/sbin/dockerd"
START_SECONDS = 60.0


def answers(address: str) -> bool:
    engine = DockerEngine(address=address, clis=[])
    try:
        engine.facts()
    except EngineError:
        return False
    finally:
        engine.close()
    return True


@contextmanager
def engine_address() -> Iterator[str]:
    """Where an engine answers while the block lasts."""
    address = os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS
    if answers(address):
        yield address
        return
    daemon = shutil.which("dockerd") or DAEMON
    with tempfile.TemporaryDirectory(prefix="slipway-dockerd-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        own = f"unix://{home}/docker.sock"
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [daemon, "--data-root", f"{home}/data", "--exec-root", f"{home}/exec", "-p", f"{home}/pid", "-H", own],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            until(lambda: process.poll() is not None or answers(own), seconds=START_SECONDS)
            assert process.poll() is None, (home / "log").read_text()[-2000:]
            yield own
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
