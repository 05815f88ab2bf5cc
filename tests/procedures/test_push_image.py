"""Pushing after a build and again: to one registry and its mirrors, each under the tags that the build has."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.contract.orders import BuildImage, Login, Push, PushImage
from runtime.contract.reports import ImageResult, PushResult
from runtime.contract.source import InlineSource
from runtime.engine.errors import EngineUnavailable, RegistryUnreachable
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.fake_registry import FakeRegistry
from runtime.procedures.build_image import build_image
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.procedures.push_image import push_image
from runtime.redaction import Secret
from tests.procedures.rig import INSTANCE, Told

CANARY = "canary-9d41-pw"
LOGIN = Login(registry="r.example.org", username="robot", secret="registry/1")
PRIMARY = Push(push="p1", repository="r.example.org/shop/web", tags=("{number}", "latest"), primary=True, login=LOGIN)
MIRROR = Push(push="p2", repository="m.example.org/copies/web", tags=("{number}",))


class Yard:
    """A host that builds and pushes, and two registries."""

    def __init__(self, workdir: Path) -> None:
        self.workdir, self.engine, self.told = workdir, FakeEngine(), Told()
        self.main, self.mirror = FakeRegistry(login=("robot", CANARY)), FakeRegistry()
        self.engine.registries = {"r.example.org": self.main, "m.example.org": self.mirror}

    def build(self, *push: Push, password: str = CANARY, **changes: Any) -> ImageResult:
        order = BuildImage(
            build="01build0000000000000000007",
            number=7,
            tag="slipway/shop/web:7-00000007",
            source=InlineSource(dockerfile="FROM scratch\nRUN echo hi\n"),
            push=push,
            asked_at=1_790_000_000,
        )
        secrets = {"registry/1": Secret(password)} if password else {}
        return build_image(
            msgspec.structs.replace(order, **changes),
            engine=self.engine,
            reporter=self.told,
            secrets=secrets,
            workdir=self.workdir,
            instance=INSTANCE,
        )

    def push(self, image: str, *push: Push) -> PushResult:
        return push_image(
            PushImage(build="b", number=7, image=image, push=push, asked_at=1_790_000_000),
            engine=self.engine,
            reporter=self.told,
            secrets={"registry/1": Secret(CANARY)},
        )


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_a_build_is_pushed_to_one_and_mirrored_to_another_under_one_digest(yard: Yard) -> None:
    result = yard.build(PRIMARY, MIRROR)
    assert yard.told.phases == ["building", "pushing"]
    assert [one.tags for one in result.pushed] == [("7", "latest"), ("7",)]
    assert result.digest is not None and {one.digest for one in result.pushed} == {result.digest}
    assert yard.main.names["shop/web:latest"].image.image_id == result.image_id
    assert yard.mirror.names["copies/web:7"].digest == result.digest
    assert "Push to r.example.org/shop/web:7" in yard.told.ended("succeeded")


def test_with_mirrors_alone_the_digest_is_that_of_the_first(yard: Yard) -> None:
    other = msgspec.structs.replace(MIRROR, push="p3", repository="m.example.org/copies/again")
    yard.mirror.away = True
    assert yard.build(MIRROR).digest is None
    yard.mirror.away = False
    result = yard.build(MIRROR, other)
    assert result.digest == result.pushed[0].digest is not None


def test_the_engine_keeps_no_name_that_was_for_the_way(yard: Yard) -> None:
    result = yard.build(PRIMARY, MIRROR)
    assert yard.engine.image(result.image_id).tags == ("slipway/shop/web:7-00000007",)


def test_without_destinations_nothing_is_pushed(yard: Yard) -> None:
    result = yard.build()
    assert (result.digest, result.pushed, yard.told.phases) == (None, (), ["building"])


def test_a_template_without_its_value_is_left_out_and_said(yard: Yard) -> None:
    only = msgspec.structs.replace(PRIMARY, tags=("{branch}-{number}", "{version}"))
    (pushed,) = yard.build(only, branch="feature/Login #2").pushed
    assert pushed.tags == ("feature-Login-2-7",) and set(pushed.left_out) == {"{version}"}
    assert any("{version} is left out" in text for text in yard.told.texts())


def test_with_no_tag_left_nothing_is_pushed_and_nothing_fails(yard: Yard) -> None:
    result = yard.build(msgspec.structs.replace(PRIMARY, tags=("{tag}",)), MIRROR)
    first, second = result.pushed
    assert (first.tags, first.digest, first.problem) == ((), None, None) and second.digest is not None
    assert result.digest == second.digest


def test_a_wrong_password_fails_the_build_and_stands_nowhere(yard: Yard) -> None:
    with pytest.raises(ProcedureError) as caught:
        yard.build(PRIMARY, MIRROR, password="wrong-canary-77")
    problem, result = caught.value.problem, caught.value.result
    assert (problem.code, problem.whose) == ("registry_refused", "user") and "password" in problem.advice
    assert isinstance(result, ImageResult) and [one.push for one in result.pushed] == ["p1"]
    assert not yard.mirror.names, "what comes after the one that counts is not tried"
    assert "wrong-canary" not in repr((yard.told, caught.value, result))


def test_a_password_that_is_not_there_any_more_is_said(yard: Yard) -> None:
    with pytest.raises(ProcedureError) as caught:
        yard.build(PRIMARY, password="")
    assert caught.value.problem.code == "registry_login_missing"


def test_a_mirror_that_fails_is_told_and_fails_nothing(yard: Yard) -> None:
    yard.mirror.away = True
    other = msgspec.structs.replace(PRIMARY, push="p3", repository="r.example.org/again", primary=False)
    first, second, third = yard.build(PRIMARY, MIRROR, other).pushed
    assert first.digest == third.digest is not None
    assert second.problem is not None and second.problem.code == "registry_unreachable" and second.digest is None
    assert any(text.startswith("m.example.org/copies/web did not get it") for text in yard.told.texts())


def test_what_was_pushed_before_it_was_cancelled_is_told(yard: Yard) -> None:
    yard.told.stop_at_step = "Push to m.example.org"
    with pytest.raises(Cancelled) as caught:
        yard.build(PRIMARY, MIRROR)
    assert isinstance(caught.value.result, ImageResult)
    assert [one.push for one in caught.value.result.pushed] == ["p1"]
    assert yard.told.ended("cancelled") == ["Push to m.example.org/copies/web:7"]


def test_an_attempt_that_finds_the_image_finished_pushes_it_with_what_the_image_remembers(yard: Yard) -> None:
    yard.engine.add_image(
        tag="slipway/shop/web:7-00000007",
        labels={
            "slipway.build": "01build0000000000000000007",
            "org.opencontainers.image.revision": "ab" * 20,
            "slipway.ref": "refs/tags/v2.1.0",
        },
    )
    (pushed,) = yard.build(msgspec.structs.replace(PRIMARY, tags=("{short}", "{minor}"))).pushed
    assert pushed.tags == (("ab" * 20)[:12], "2.1") and "build" not in [verb for verb, _ in yard.engine.calls]


def test_an_image_that_is_here_is_pushed_again(yard: Yard) -> None:
    image = yard.build().image_id
    (pushed,) = yard.push(image, PRIMARY).pushed
    assert pushed.digest == yard.main.names["shop/web:latest"].digest and yard.told.phases[-1] == "pushing"
    assert yard.push(image, PRIMARY).pushed == (pushed,), "twice is once"


def test_an_image_that_is_not_here_any_more_is_not_pushed(yard: Yard) -> None:
    with pytest.raises(ProcedureError) as caught:
        yard.push(f"sha256:{'0' * 64}", PRIMARY)
    assert caught.value.problem.code == "image_missing"


@pytest.mark.parametrize("error", [EngineUnavailable("gone"), RegistryUnreachable("connection reset")])
def test_pushing_again_fails_when_the_way_breaks(yard: Yard, error: Any) -> None:
    image = yard.build().image_id
    yard.engine.trouble = [Trouble(call="push", error=error)]
    with pytest.raises(ProcedureError) as caught:
        yard.push(image, PRIMARY)
    assert caught.value.problem.retry_helps and isinstance(caught.value.result, PushResult)
