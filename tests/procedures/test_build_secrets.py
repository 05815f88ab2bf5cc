"""Secrets that steps mount: there while it builds, and nowhere afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.contract.orders import BuildImage
from runtime.contract.source import InlineSource
from runtime.dockerfile import secret_mounts
from runtime.engine.errors import BuildFailed
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.values import BuildEvent, BuildRequest
from runtime.procedures.build_image import build_image
from runtime.procedures.ports import ProcedureError
from runtime.redaction import Secret
from tests.procedures.rig import INSTANCE, Told

READ = "RUN --mount=type=secret,id=npm cat /run/secrets/npm"


class Watching(FakeEngine):
    """Remembers what its builder found in the files, and how they were kept."""

    def __init__(self) -> None:
        super().__init__()
        self.builder.name = "buildx"
        self.seen: dict[str, tuple[str, int, int]] = {}

    def build(self, request: BuildRequest, *, cancelled: Any) -> Iterator[BuildEvent]:
        for id, path in request.secrets.items():
            modes = (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777)
            self.seen[id] = (path.read_text(), *modes)
            assert not path.is_relative_to(request.context)
        yield from super().build(request, cancelled=cancelled)


def build(engine: FakeEngine, workdir: Path, told: Told, *instructions: str, **changes: Any) -> Any:
    source = InlineSource(dockerfile="\n".join(["FROM scratch", *instructions]) + "\n")
    order = BuildImage(build="01build0000000000000000007", number=7, tag="slipway/shop/web:7-00000007", source=source)
    secrets = {"NPM_TOKEN": Secret("s3same-open")}
    try:
        return build_image(
            msgspec.structs.replace(order, **changes),
            engine=engine,
            reporter=told,
            secrets=secrets,
            workdir=workdir,
            instance=INSTANCE,
        )
    finally:
        assert list(workdir.iterdir()) == []


def test_a_step_finds_it_in_a_file_of_the_owners_alone(tmp_path: Path) -> None:
    engine, told = Watching(), Told()
    result = build(engine, tmp_path, told, READ, secrets={"npm": "NPM_TOKEN"})
    assert engine.seen == {"npm": ("s3same-open", 0o600, 0o700)}
    assert ("o", "s3same-open", 3) in told.lines  # raw: the reporter masks
    assert "s3same-open" not in str(result)


def test_a_host_without_buildkit_says_so_before_anything_is_built(tmp_path: Path) -> None:
    engine, told = FakeEngine(), Told()
    with pytest.raises(ProcedureError) as caught:
        build(engine, tmp_path, told, READ, secrets={"npm": "NPM_TOKEN"})
    problem = caught.value.problem
    assert (problem.code, problem.whose) == ("build_secrets_unsupported", "host")
    assert "no BuildKit" in problem.message and "docker-buildx" in problem.advice
    assert "build" not in [verb for verb, _ in engine.calls]


def test_a_failing_build_leaves_no_file_and_says_no_value(tmp_path: Path) -> None:
    engine, told = Watching(), Told()
    failure = BuildFailed("said s3same-open", evidence=["s3same-open"])
    engine.trouble.append(Trouble(call="build", error=failure))
    with pytest.raises(ProcedureError) as caught:
        build(engine, tmp_path, told, READ, secrets={"npm": "NPM_TOKEN"})
    assert engine.seen and "s3same" not in str(caught.value.problem)


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ({"npm": "GONE"}, "secret_missing"),
        ({"../npm": "NPM_TOKEN"}, "build_refused"),
        ({"": "NPM_TOKEN"}, "build_refused"),
    ],
)
def test_what_cannot_be_given_is_refused(secrets: dict[str, str], code: str, tmp_path: Path) -> None:
    with pytest.raises(ProcedureError) as caught:
        build(Watching(), tmp_path, Told(), READ, secrets=secrets)
    assert caught.value.problem.code == code


def test_a_value_that_the_dockerfile_spells_out_is_not_read_in_the_layers(tmp_path: Path) -> None:
    result = build(Watching(), tmp_path, Told(), "RUN echo s3same-open", secrets={"npm": "NPM_TOKEN"})
    assert "RUN echo ••••••" in [layer.instruction for layer in result.layers]


def test_what_is_mounted_and_not_given_is_said_and_the_other_way_round(tmp_path: Path) -> None:
    told = Told()
    build(Watching(), tmp_path, told, READ, secrets={"pip": "NPM_TOKEN"})
    said = [text for stream, text, _ in told.lines if stream == "s"]
    assert any("mounts the secret npm" in text for text in said)
    assert any("given the secret pip" in text for text in said)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("RUN --mount=type=secret,id=a,required=true true", {"a"}),
        ("RUN --mount=type=secret,target=/root/.npmrc npm i", {".npmrc"}),
        ("RUN --mount=type=bind,source=x --mount=id=b,type=secret \\\n  true", {"b"}),
        ("RUN --mount=type=ssh true", set()),
        ("RUN echo --mount=type=secret,id=c", set()),
        ("COPY --mount=type=secret,id=d . .", set()),
    ],
)
def test_the_mounts_of_a_dockerfile_are_known(text: str, ids: set[str]) -> None:
    assert secret_mounts(f"FROM scratch\n{text}\n") == ids
