"""The private Redis: found, started, kept apart from other flavours, and no loss when its data is unreadable."""

import socket
import sys
from pathlib import Path

import pytest

from launch.places import SOCKET_PATH_LIMIT, Places, socket_path
from launch.private_redis import answers, check_given, find_server, own_redis, redis_url, set_data_aside, wait_for_redis
from launch.say import CannotGoOn
from launch.supervise import Supervisor

pytestmark = pytest.mark.thorough


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.delenv("REDIS_URL", raising=False)
    made = Places(home=tmp_path / "h", venv=Path(sys.prefix))
    made.make()
    return made


async def test_it_answers_on_a_socket_of_its_own(here: Places) -> None:
    supervisor = Supervisor(here)
    await supervisor.start(own_redis(here))
    try:
        assert wait_for_redis(here)
        assert redis_url(here).startswith("unix:///")
        path = Path(redis_url(here).removeprefix("unix://"))
        assert path.stat().st_mode & 0o077 == 0
    finally:
        await supervisor.stop()
    assert not answers(redis_url(here))


def test_without_a_server_on_the_path_the_wheel_serves(here: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    server = find_server(here)
    assert server is not None
    assert server.flavour == "valkey-9"


def test_unreadable_data_is_put_aside_not_deleted(here: Places) -> None:
    command = own_redis(here).command
    data = Path(command[command.index("--dir") + 1])
    (data / "broken").write_text("not an append-only file")
    aside = set_data_aside(here)
    assert aside is not None
    assert (aside / "broken").exists()
    assert list(data.iterdir()) == []


def test_a_given_redis_that_is_silent_stops_the_start_and_hides_the_password() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"redis://slipway:sesame@127.0.0.1:{probe.getsockname()[1]}/0"
        with pytest.raises(CannotGoOn) as said:
            check_given(url)
    assert "nobody answers" in str(said.value)
    assert "sesame" not in str(said.value)


def test_a_home_too_deep_for_a_socket_gets_a_short_private_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/tmp")
    deep = tmp_path / ("d" * 120)
    path = socket_path(deep, "redis.sock")
    assert len(str(path)) <= SOCKET_PATH_LIMIT
    assert path.parent.stat().st_mode & 0o077 == 0
    path.parent.rmdir()
