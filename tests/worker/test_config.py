"""What a host is told of SSH servers that every source may trust."""

from pathlib import Path

import pytest

from runtime.worker.config import Misconfigured, read_config


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
