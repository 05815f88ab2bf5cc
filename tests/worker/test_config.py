"""What a host is told: by its environment, and by what enrolling wrote in its home."""

import json
from pathlib import Path

import pytest

from runtime.worker.config import Misconfigured, read_config
from runtime.worker.identity import new_identity
from runtime.worker.keeping import CREDENTIAL, KEY, SETTINGS, keep, keep_settings


def told(tmp_path: Path, known_hosts: str) -> dict[str, str]:
    credential = tmp_path / "credential"
    credential.write_text("slh_x")
    return {
        "SLIPWAY_URL": "http://127.0.0.1:8000",
        "SLIPWAY_HOST_NAME": "local",
        "SLIPWAY_HOST_CREDENTIAL_FILE": str(credential),
        "REDIS_URL": "unix:///nowhere",
        "SLIPWAY_WORKER_HOME": str(tmp_path / "home"),
        "SLIPWAY_SSH_KNOWN_HOSTS": known_hosts,
    }


def test_a_file_that_is_there_is_taken_and_none_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("")
    assert read_config(told(tmp_path, str(file))).known_hosts == file
    assert read_config(told(tmp_path, "")).known_hosts is None


@pytest.mark.parametrize("value", ["known_hosts", "/nonexistent/known_hosts", "/"])
def test_what_is_no_file_of_an_absolute_path_is_said_at_the_start(tmp_path: Path, value: str) -> None:
    with pytest.raises(Misconfigured, match="SLIPWAY_SSH_KNOWN_HOSTS"):
        read_config(told(tmp_path, value))


def enrolled(home: Path) -> Path:
    """As `bin/worker enroll` leaves a home."""
    home.mkdir()
    keep(home / KEY, new_identity().private_pem())
    keep(home / CREDENTIAL, b"slh_x_y\n")
    own = {
        "SLIPWAY_URL": "https://slipway.example.org",
        "SLIPWAY_HOST_NAME": "second",
        "SLIPWAY_HOST_CREDENTIAL_FILE": str(home / CREDENTIAL),
        "REDIS_URL": "rediss://u:p@r.example.org/0",
    }
    keep_settings(home, own)
    return home


def test_an_enrolled_home_needs_no_environment(tmp_path: Path) -> None:
    home = enrolled(tmp_path / "home")
    config = read_config({"SLIPWAY_WORKER_HOME": str(home)})
    assert (config.url, config.host) == ("https://slipway.example.org", "second")
    assert config.broker.reveal() == "rediss://u:p@r.example.org/0" and config.identity is not None
    assert "u:p" not in repr(config) and "slh_x" not in repr(config)
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}


def test_the_environment_goes_before_what_is_kept(tmp_path: Path) -> None:
    told_now = {"SLIPWAY_WORKER_HOME": str(enrolled(tmp_path / "home")), "SLIPWAY_URL": "http://127.0.0.1:8000"}
    assert read_config(told_now).url == "http://127.0.0.1:8000"


def test_a_key_that_others_may_read_is_no_key(tmp_path: Path) -> None:
    home = enrolled(tmp_path / "home")
    (home / KEY).chmod(0o640)
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_config({"SLIPWAY_WORKER_HOME": str(home)})


@pytest.mark.parametrize("name", [KEY, SETTINGS])
@pytest.mark.parametrize("content", [b"", b"\x00\xff", b'{"SLIPWAY_URL": 1}', b"[]"])
def test_what_cannot_be_read_is_said_with_what_to_do(tmp_path: Path, name: str, content: bytes) -> None:
    home = enrolled(tmp_path / "home")
    keep(home / name, content)
    with pytest.raises(Misconfigured, match="Enroll this host again"):
        read_config({"SLIPWAY_WORKER_HOME": str(home)})


def test_what_belongs_to_one_start_is_not_read_from_the_file(tmp_path: Path) -> None:
    home = enrolled(tmp_path / "home")
    kept = json.loads((home / SETTINGS).read_text())
    more = {"SLIPWAY_FAULT": "kill:x", "SLIPWAY_CONCURRENCY": "64"}
    keep(home / SETTINGS, json.dumps({**kept, **more}).encode())
    config = read_config({"SLIPWAY_WORKER_HOME": str(home)})
    assert config.fault == "" and config.concurrency == 64
