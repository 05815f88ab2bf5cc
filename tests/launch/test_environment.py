"""What Slipway's processes are told, and what the host's worker is not."""

from pathlib import Path

import pytest

from launch.environment import Door, control_environment, worker_environment
from launch.keys import ensure_keys
from launch.places import Places


@pytest.fixture
def here(tmp_path: Path) -> Places:
    made = Places(home=tmp_path / "home", venv=tmp_path / "venv")
    made.make()
    return made


def test_a_worker_sees_no_key_and_no_database_of_the_control_plane(
    here: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "SLIPWAY_SECRET_KEY", "SLIPWAY_ENCRYPTION_KEYS", "SLIPWAY_ADMIN_PASSWORD"):
        monkeypatch.setenv(name, "sesame")
    told = worker_environment(here, Door("127.0.0.1", 8000), host_address="10.0.0.7")
    assert "sesame" not in told.values()
    assert told["SLIPWAY_PUBLISH_ADDRESS"] == "10.0.0.7"
    assert told["SLIPWAY_URL"] == "http://127.0.0.1:8000"
    assert told["SLIPWAY_HOST_CREDENTIAL_FILE"] == str(here.credential)


def test_the_first_password_reaches_no_running_process(here: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_ADMIN_PASSWORD", "sesame")
    assert "sesame" not in control_environment(here, Door("127.0.0.1", 8000)).values()


def test_serving_everywhere_names_hosts_and_no_wildcard() -> None:
    names = Door("0.0.0.0", 80).names()
    assert "localhost" in names
    assert "*" not in names
    assert "0.0.0.0" not in names
    assert Door("::1", 80).url == "http://[::1]:80"


def test_keys_are_for_the_owner_only_and_made_once(here: Places) -> None:
    ensure_keys(here)
    keys = [here.home / "secret_key", here.home / "encryption_keys"]
    before = [key.read_text() for key in keys]
    assert all(key.stat().st_mode & 0o777 == 0o600 for key in keys)
    ensure_keys(here)
    assert [key.read_text() for key in keys] == before
    assert all(len(text) > 40 for text in before)
