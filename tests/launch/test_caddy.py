"""The edge has ports that are free, or is off and says why; it never stops a start."""

import os
import shutil
import socket

import pytest

from launch import caddy
from launch.places import places
from tests.engine.dockerd import free_port


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Caddy is here, nothing is set, and the ports to choose from are free ones."""
    for name in (caddy.SETTING, caddy.ADDRESS_SETTING, caddy.PUBLISH_SETTING):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name, **more: f"/usr/bin/{name}")
    chosen = [(free_port(), free_port()), (free_port(), free_port())]
    monkeypatch.setattr(caddy, "PORTS", chosen)
    return chosen


def shown(pair: tuple[int, int]) -> str:
    return f"{pair[0]},{pair[1]}"


def test_the_first_pair_that_is_free_is_chosen(pairs: list[tuple[int, int]]) -> None:
    assert caddy.ensure_edge(places(), dict(os.environ)) == shown(pairs[0])
    with socket.create_server(("127.0.0.1", pairs[0][1])):
        assert caddy.ensure_edge(places(), dict(os.environ)) == shown(pairs[1])
    assert caddy.ensure_edge(places(), dict(os.environ), taken=[pairs[0][0]]) == shown(pairs[1])


def test_with_no_pair_free_it_is_off_and_the_command_is_said(
    pairs: list[tuple[int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", pairs[0][0])), socket.create_server(("127.0.0.1", pairs[1][0])):
        assert caddy.ensure_edge(places(), dict(os.environ)) == "off"
    said = capsys.readouterr().out
    assert f"port {pairs[0][0]} is in use" in said and "SLIPWAY_EDGE=9080,9443 bin/up" in said


def test_what_is_set_is_not_weighed(pairs: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(caddy.SETTING, "9080,9443")
    assert caddy.ensure_edge(places(), dict(os.environ)) == "9080,9443"
    monkeypatch.setenv(caddy.SETTING, "off")
    assert caddy.ensure_edge(places(), dict(os.environ)) == "off"


def test_without_caddy_and_the_right_to_install_it_is_off_and_the_command_is_said(
    pairs: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **more: None)
    monkeypatch.setattr(caddy, "may_install", lambda: False)
    assert caddy.ensure_edge(places(), dict(os.environ)) == "off"
    assert "apt-get install caddy" in capsys.readouterr().out


def test_what_is_missing_is_installed(pairs: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(shutil, "which", lambda name, **more: None)
    monkeypatch.setattr(caddy, "may_install", lambda: True)
    monkeypatch.setattr(caddy, "apt_install", lambda part, packages, *, log: asked.append(packages))
    monkeypatch.setattr(caddy, "answer_of", lambda command, *, seconds: None)
    assert caddy.ensure_edge(places(), dict(os.environ)) == shown(pairs[0])
    assert asked == [["caddy"]]
