"""Where Slipway's own registry shall be: what was asked for, what the setting says, and nowhere that lacks TLS."""

import socket
from pathlib import Path

import pytest

from launch.places import Places
from launch.registry import DEFAULT_ADDRESS, SETTING, ensure_registry, own_registry, registry_address
from launch.say import CannotGoOn


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (SETTING, "SLIPWAY_REGISTRY_CERTIFICATE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_wish_there_is_none_and_the_setting_leaves_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry_address(None) == ""
    monkeypatch.setenv(SETTING, "LocalHost:6000")
    assert registry_address(None) == "localhost:6000"
    assert registry_address(DEFAULT_ADDRESS) == DEFAULT_ADDRESS, "what is asked for goes first"


@pytest.mark.parametrize("address", ["5000", ":5000", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x"])
def test_what_is_no_address_stops_the_start(address: str) -> None:
    with pytest.raises(CannotGoOn, match="no address"):
        registry_address(address)


def test_others_reach_it_by_tls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotGoOn, match="SLIPWAY_REGISTRY_CERTIFICATE"):
        registry_address("registry.example.org:5050")
    monkeypatch.setenv("SLIPWAY_REGISTRY_CERTIFICATE", "/etc/ssl/registry.pem")
    assert registry_address("registry.example.org:5050") == "registry.example.org:5050"


def test_an_address_that_is_taken_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launch.registry.REGISTRY", "/bin/sh")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotGoOn, match="listens"):
        ensure_registry(Places(home=tmp_path, venv=tmp_path), f"127.0.0.1:{taken.getsockname()[1]}")


def test_its_process_knows_nothing_of_slipways_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_SECRET_KEY", "canary")
    child = own_registry("/home/registry/config.yml")
    assert child.command[1:3] == ("-m", "launch.keep_registry") and child.command[4:] == ("/home/registry/config.yml",)
    assert "canary" not in str(child.env)
