"""Servers for the tests of sources, started once each."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.sources.git_https import plain_environment
from tests.sources.repositories import Repository, Told
from tests.sources.servers import HttpsServer, SshServer, https_server, ssh_server


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("ssh") / "server") as server:
        yield server


@pytest.fixture
def https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    """Its repositories are those below `tmp_path`; git trusts its certificate."""
    with https_server(tmp_path / "tls", tmp_path) as server:

        def believing(home: Path, *, protocol: str) -> dict[str, str]:
            return plain_environment(home, protocol=protocol) | {"GIT_SSL_CAINFO": str(server.authority)}

        monkeypatch.setattr("runtime.sources.git_https.plain_environment", believing)
        yield server


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "origin", Dockerfile="FROM a\n")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def leads_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes every name lead to these addresses."""

    def lead(*addresses: str) -> None:
        def lookup(host: str, port: int, **more: object) -> list[object]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)

    return lead
