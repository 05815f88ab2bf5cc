"""A build starts from what a private registry holds, and is somebody only at the registries that it names."""

from pathlib import Path

import pytest

from runtime.contract.orders import BuildImage, Login
from runtime.contract.reports import ImageResult
from runtime.contract.source import InlineSource
from runtime.engine.docker_logins import CONFIG, logins_header, write_logins
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_registry import FakeRegistry
from runtime.engine.values import BuildRequest, Pushed, RegistryLogin
from runtime.procedures.build_image import build_image
from runtime.procedures.ports import ProcedureError
from runtime.redaction import Secret
from tests.procedures.rig import INSTANCE, Told

CANARY = "canary-77ee-pw"
LOGINS = (
    Login(registry="r.example.org", username="robot", secret="registry/1"),
    Login(registry="other.example.org", username="robot", secret="registry/2"),
)


def known(password: str) -> RegistryLogin:
    return RegistryLogin(username="robot", password=Secret(password))


@pytest.fixture
def engine() -> FakeEngine:
    """A registry holds a base image that this engine does not."""
    registry = FakeRegistry(login=("robot", CANARY))
    far, here = FakeEngine(), FakeEngine()
    far.registries = here.registries = {"r.example.org": registry}
    far.tag(far.add_image(tag="base:1").image_id, "r.example.org/base:1")
    *_, sent = far.push("r.example.org/base:1", credential=known(CANARY), cancelled=lambda: False, timeout=5.0)
    assert isinstance(sent, Pushed)
    return here


def build(engine: FakeEngine, workdir: Path, told: Told, **secrets: str) -> ImageResult:
    order = BuildImage(
        build="01build0000000000000000007",
        number=7,
        tag="slipway/shop/web:7-00000007",
        source=InlineSource(dockerfile="FROM r.example.org/base:1\nRUN echo hi\n"),
        logins=LOGINS,
    )
    return build_image(
        order,
        engine=engine,
        reporter=told,
        secrets={name: Secret(value) for name, value in secrets.items()},
        workdir=workdir,
        instance=INSTANCE,
    )


def test_a_private_base_is_fetched_with_the_registrys_password(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[BuildRequest] = []
    build_of = engine.build

    def watched(request: BuildRequest, **more: object) -> object:
        asked.append(request)
        return build_of(request, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "build", watched)
    result = build(engine, tmp_path, Told(), **{"registry/1": CANARY, "registry/2": "of no concern"})
    assert result.image_id and list(tmp_path.iterdir()) == []
    assert list(asked[0].logins) == ["r.example.org"], "the other registry is not named"
    assert asked[0].private is not None and asked[0].private.is_relative_to(tmp_path)


def test_a_wrong_password_fails_the_build_and_stands_nowhere(engine: FakeEngine, tmp_path: Path) -> None:
    told = Told()
    with pytest.raises(ProcedureError) as caught:
        build(engine, tmp_path, told, **{"registry/1": "wrong-canary-4"})
    assert caught.value.problem.whose == "user" and "wrong-canary" not in repr((told, caught.value.problem))


def test_a_password_that_did_not_come_is_said(engine: FakeEngine, tmp_path: Path) -> None:
    told = Told()
    with pytest.raises(ProcedureError):
        build(engine, tmp_path, told)
    assert any("no password for r.example.org" in text for text in told.texts())


def test_the_command_lines_file_is_the_owners_alone(tmp_path: Path) -> None:
    write_logins(tmp_path, {"docker.io": known(CANARY)})
    path = tmp_path / CONFIG
    assert path.stat().st_mode & 0o777 == 0o600
    assert "https://index.docker.io/v1/" in path.read_text() and CANARY not in path.read_text()


def test_a_builder_that_needs_none_is_told_of_none() -> None:
    assert logins_header({}) == {}
    assert list(logins_header({"r.example.org": known(CANARY)})) == ["X-Registry-Config"]
