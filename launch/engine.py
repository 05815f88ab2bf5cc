"""The container engine: found where DOCKER_HOST or the default socket answers, else installed and started."""

import http.client
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from launch.commands import answer_of

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
ANSWER_SECONDS = 5
ANSWER_BYTES = 4 * 1024 * 1024
FIRST_CLI_WITHOUT_BUILDKIT = 23  # from here on the CLI leaves BuildKit to the buildx plugin


@dataclass(frozen=True)
class Engine:
    """An engine that answered."""

    address: str
    version: str
    storage: str
    cgroups: str
    root: str

    def described(self) -> str:
        return f"Docker {self.version} at {self.address} ({self.storage}, cgroup v{self.cgroups})"


@dataclass(frozen=True)
class NoEngine:
    """Nobody answers at the address; the reason is a sentence's end."""

    address: str
    reason: str


def engine_address() -> str:
    return os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET


def look_for_engine(address: str | None = None) -> Engine | NoEngine:
    """Ask the engine who it is. Takes at most a few seconds."""
    at = address or engine_address()
    try:
        info = _ask(at)
    except PermissionError:
        return NoEngine(at, "its socket refuses this user (is the user in the group docker?)")
    except FileNotFoundError:
        return NoEngine(at, "there is no such socket")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return NoEngine(at, f"it does not answer ({error})")
    return Engine(
        address=at,
        version=str(info.get("ServerVersion", "?")),
        storage=str(info.get("Driver", "?")),
        cgroups=str(info.get("CgroupVersion", "?")),
        root=str(info.get("DockerRootDir", "/var/lib/docker")),
    )


def client_programs() -> list[str]:
    """Every docker client on this machine: the first on the PATH may be a bare one without buildx."""
    named = [Path(folder) / "docker" for folder in [*os.get_exec_path(), "/usr/bin"]]
    return [str(path) for path in dict.fromkeys(named) if os.access(path, os.X_OK)]


def describe_builder() -> str:
    """How images would be built here: the best way that any docker client offers."""
    clients = client_programs()
    for client in clients:
        version = answer_of([client, "buildx", "version"])
        if version:
            return f"buildx ({version.split()[1] if ' ' in version else version}, {client})"
    for client in clients:
        shown = answer_of([client, "--version"]) or ""
        number = shown.removeprefix("Docker version ").split(".")[0]
        if number.isdigit() and int(number) < FIRST_CLI_WITHOUT_BUILDKIT:
            return f"BuildKit by the docker client ({shown.split(',')[0]}, {client})"
    return "the engine's classic builder (no docker client with BuildKit found)"


def _ask(address: str) -> dict[str, object]:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return _over_http(_UnixConnection(parts.path))
    if parts.scheme in ("tcp", "http") and not os.environ.get("DOCKER_TLS_VERIFY"):
        return _over_http(http.client.HTTPConnection(parts.netloc, timeout=ANSWER_SECONDS))
    shown = answer_of(["docker", "--host", address, "info", "--format", "{{json .}}"])
    if not shown:
        raise OSError("`docker info` failed")
    return _as_facts(shown.encode())


def _over_http(connection: http.client.HTTPConnection) -> dict[str, object]:
    try:
        connection.request("GET", "/info")
        answer = connection.getresponse()
        body = answer.read(ANSWER_BYTES)
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise OSError(f"it says {answer.status}")
    return _as_facts(body)


def _as_facts(body: bytes) -> dict[str, object]:
    facts = json.loads(body)
    if not isinstance(facts, dict) or "ServerVersion" not in facts:
        raise ValueError("it is no Docker engine")
    return facts


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(self._path)
