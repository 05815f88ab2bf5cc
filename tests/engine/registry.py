"""A registry for the tests: the distribution's own on loopback with a password, or one in memory."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from launch.registry import REGISTRY
from runtime.engine.fake_registry import FakeRegistry
from runtime.engine.values import RegistryLogin
from runtime.redaction import Secret
from tests.engine.dockerd import free_port
from tests.waiting import until

USER, PASSWORD = "slipway", "let me in: 1"
# bcrypt of PASSWORD, which is all that the registry reads; made once, so that no test needs a program for it.
HTPASSWD = f"{USER}:$2b$04$6E8ScRGG6RicpW2E7PTjdum2.8lWG4clAXKugnB/DuF6LpuON18DW\n"
CONFIG = """version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}/data}}
http: {{addr: "127.0.0.1:{port}"}}
auth:
  htpasswd: {{realm: slipway-test, path: {folder}/htpasswd}}
"""


@dataclass(frozen=True)
class Registry:
    """Where it is, and who may come in. `silent` is an address that takes calls and never answers."""

    address: str
    away: str
    silent: str
    login: RegistryLogin
    pid: int = 0  # of the process, where it is one

    def wrong(self) -> RegistryLogin:
        return RegistryLogin(username=USER, password=Secret("something else"))


def login() -> RegistryLogin:
    return RegistryLogin(username=USER, password=Secret(PASSWORD))


def registries_in_memory() -> tuple[Registry, dict[str, FakeRegistry]]:
    registry = Registry(address="127.0.0.1:5000", away="127.0.0.1:5001", silent="127.0.0.1:5002", login=login())
    return registry, {
        registry.address: FakeRegistry(login=(USER, PASSWORD)),
        registry.away: FakeRegistry(away=True),
        registry.silent: FakeRegistry(silent=True),
    }


@contextmanager
def real_registry(folder: Path) -> Iterator[Registry]:
    """The distribution's docker-registry while the block lasts."""
    port = free_port()
    (folder / "htpasswd").write_text(HTPASSWD)
    config = folder / "config.yml"
    config.write_text(CONFIG.format(folder=folder, port=port))
    with (folder / "log").open("wb") as log, _silence() as silent:
        process = subprocess.Popen([REGISTRY, "serve", str(config)], stdout=log, stderr=log)
        try:
            until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            away = f"127.0.0.1:{free_port()}"
            yield Registry(address=f"127.0.0.1:{port}", away=away, silent=silent, login=login(), pid=process.pid)
        finally:
            process.terminate()
            process.wait(10)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


@contextmanager
def _silence() -> Iterator[str]:
    """An address at which calls are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in taken:
                connection.close()
