"""Which docker command can build is found by asking each, and is asked in argument lists."""

from pathlib import Path

import pytest

from runtime.engine.docker_cli import Cli, child_environment, find_cli
from runtime.engine.docker_client import engine_error
from runtime.engine.errors import BadRequest, Conflict, DiskFull, EngineError, NoNetworkLeft, NotFound, PortTaken
from runtime.engine.values import BuildRequest

ADDRESS = "unix:///nowhere"
BARE = "exit 1"
OLD = 'test "$1" = --version && echo "Docker version 20.10.24+dfsg1, build 297e128"'
NEW = 'test "$1" = --version && echo "Docker version 28.2.2, build e6534b4"'
BUILDX = 'test "$1" = buildx && echo "github.com/docker/buildx v0.13.1 788433953"'
OLD_BUILDX = 'test "$1" = buildx && echo "github.com/docker/buildx v0.11.2 9872040"'


def command(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("scripts", "chosen"),
    [
        ((BARE,), None),
        ((NEW,), None),
        ((NEW, OLD), ("1", "buildkit", "plain")),
        ((OLD, BUILDX), ("1", "buildx", "rawjson")),
        ((OLD_BUILDX,), ("0", "buildx", "plain")),
        ((), None),
    ],
)
def test_the_first_client_on_the_path_need_not_be_the_one(
    scripts: tuple[str, ...], chosen: tuple[str, str, str] | None, tmp_path: Path
) -> None:
    paths = [command(tmp_path, str(number), script) for number, script in enumerate(scripts)]
    found = find_cli(paths, address=ADDRESS)
    assert (found and (Path(found.path).name, found.kind, found.progress)) == chosen


def test_a_command_that_is_not_there_is_no_builder() -> None:
    assert find_cli(["/nonexistent/docker"], address=ADDRESS) is None


@pytest.mark.parametrize("kind", ["buildx", "buildkit"])
def test_what_users_wrote_stays_one_argument(kind: str, tmp_path: Path) -> None:
    cli = Cli(path="/bin/docker", kind="buildx" if kind == "buildx" else "buildkit")
    request = BuildRequest(
        context=tmp_path,
        dockerfile="sub/Dockerfile",
        tag="t:1",
        labels={"slipway.build": "b"},
        args={"WORD": "--push; $(rm -rf /)"},
        target="--output=/etc",
        no_cache=True,
    )
    words = cli.command(request, id_file=tmp_path / "id")
    assert "--build-arg=WORD=--push; $(rm -rf /)" in words
    assert "--target=--output=/etc" in words
    assert words[-2:] == ["--", str(tmp_path)]
    assert {"--no-cache", "--tag=t:1", f"--file={tmp_path}/sub/Dockerfile"} <= set(words)


def test_the_child_sees_nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLIPWAY_CREDENTIAL", "slh_secret")
    environment = child_environment(address=ADDRESS, home=tmp_path)
    assert "slh_secret" not in environment.values()
    assert environment["DOCKER_HOST"] == ADDRESS


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (404, "No such image", NotFound),
        (409, "already in use", Conflict),
        (400, "invalid", BadRequest),
        (500, "driver failed: Bind for 127.0.0.1:80 failed: port is already allocated", PortTaken),
        (500, "listen tcp4 127.0.0.1:80: bind: address already in use", PortTaken),
        (500, "write /var/lib: no space left on device", DiskFull),
        (500, "could not find an available, non-overlapping IPv4 address pool among the defaults", NoNetworkLeft),
        (400, 'OCI runtime create failed: exec: "x": executable file not found in $PATH', BadRequest),
        (500, "something else", EngineError),
    ],
)
def test_the_engines_words_are_translated_once(status: int, message: str, kind: type[EngineError]) -> None:
    error = engine_error(message, status=status)
    assert type(error) is kind
    assert error.problem().message == message
