"""Finding an engine and the best builder of a machine, and saying exactly what is missing."""

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launch import engine, engine_setup
from launch.engine import Engine, NoEngine, describe_builder, look_for_engine
from launch.engine_setup import ensure_engine
from launch.places import Places
from launch.say import CannotGoOn

INFO: dict[str, Any] = {
    "ServerVersion": "20.10.24",
    "Driver": "overlay2",
    "CgroupVersion": "1",
    "DockerRootDir": "/var/lib/docker",
}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An engine's socket that answers /info."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(INFO).encode()
            self.send_response(200 if self.path == "/info" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "unix"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Quiet."""

    path = tmp_path / "docker.sock"
    with _Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield f"unix://{path}"
        server.shutdown()


@pytest.fixture
def here(tmp_path: Path) -> Places:
    made = Places(home=tmp_path / "home", venv=tmp_path / "venv")
    made.make()
    return made


def client(folder: Path, *, version: str, buildx: bool) -> None:
    folder.mkdir(exist_ok=True)
    script = folder / "docker"
    plugin = 'echo "github.com/docker/buildx 0.13.1"' if buildx else "exit 1"
    script.write_text(
        f'#!/bin/sh\ncase "$1" in buildx) {plugin};; --version) echo "Docker version {version}, build x";; esac\n'
    )
    script.chmod(0o755)


def test_an_engine_that_answers_is_described(answering: str) -> None:
    found = look_for_engine(answering)
    assert isinstance(found, Engine)
    assert found.described() == f"Docker 20.10.24 at {answering} (overlay2, cgroup v1)"


def test_docker_host_names_the_engine_and_nothing_is_started(
    answering: str, here: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", answering)
    assert ensure_engine(here) is None


def test_something_else_on_the_socket_is_no_engine(answering: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(INFO, "ServerVersion")
    found = look_for_engine(answering)
    assert isinstance(found, NoEngine)
    assert "no Docker engine" in found.reason


def test_a_silent_docker_host_is_never_replaced_by_another_engine(
    here: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/gone.sock")
    with pytest.raises(CannotGoOn, match=r"gone\.sock: there is no such socket"):
        ensure_engine(here)


def test_without_the_right_to_install_the_command_is_said(
    here: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = f"unix://{tmp_path}/gone.sock"
    monkeypatch.setenv("DOCKER_HOST", missing)
    monkeypatch.setattr(engine_setup, "DEFAULT_SOCKET", missing)
    monkeypatch.setattr(engine_setup, "may_install", lambda: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotGoOn, match=r"apt-get install docker\.io iptables"):
        ensure_engine(here)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("28.5.2", False), ("26.1.5", True), "buildx (0.13.1"),
        (("28.5.2", False), ("20.10.24", False), "BuildKit by the docker client (Docker version 20.10.24"),
        (("28.5.2", False), ("26.1.5", False), "the engine's classic builder"),
    ],
)
def test_every_client_is_asked_because_the_first_may_be_a_bare_one(
    first: tuple[str, bool],
    second: tuple[str, bool],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder, (version, buildx) in (("bare", first), ("usual", second)):
        client(tmp_path / folder, version=version, buildx=buildx)
    clients = [str(tmp_path / folder / "docker") for folder in ("bare", "usual")]
    monkeypatch.setattr(engine, "client_programs", lambda: clients)
    assert describe_builder().startswith(expected)
