"""Building an image: told step by step, ended in one of two ways, nothing left behind."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.contract.names import BASE_IMAGE, LABEL_BUILD, LABEL_INSTANCE
from runtime.contract.orders import BuildImage
from runtime.contract.reports import ImageResult
from runtime.contract.source import GitSource, InlineSource
from runtime.engine.errors import DiskFull, EngineUnavailable
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.procedures.build_image import build_image
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.redaction import Secret
from tests.procedures.rig import INSTANCE, Told

TAG = "slipway/shop/web:7-00000007"


@dataclass
class Yard:
    """A host that builds."""

    workdir: Path
    engine: FakeEngine = field(default_factory=FakeEngine)
    told: Told = field(default_factory=Told)

    def order(self, *instructions: str, **changes: Any) -> BuildImage:
        source = InlineSource(dockerfile="\n".join(["FROM scratch", *instructions]) + "\n")
        order = BuildImage(build="01build0000000000000000007", number=7, tag=TAG, source=source)
        return msgspec.structs.replace(order, **changes)

    def build(self, order: BuildImage, **secrets: str) -> ImageResult:
        result = build_image(
            order,
            engine=self.engine,
            reporter=self.told,
            secrets={name: Secret(value) for name, value in secrets.items()},
            workdir=self.workdir,
            instance=INSTANCE,
        )
        assert list(self.workdir.iterdir()) == []
        return result

    def refused(self, order: BuildImage, **secrets: str) -> ProcedureError:
        with pytest.raises(ProcedureError) as caught:
            self.build(order, **secrets)
        assert list(self.workdir.iterdir()) == []
        assert not self.told.ended("running")
        return caught.value


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_every_step_and_line_is_told(yard: Yard) -> None:
    result = yard.build(yard.order("RUN echo hello", "RUN echo again >&2", args={"A": "1"}))
    assert yard.told.phases == ["building"]
    assert yard.told.ended("succeeded") == [
        "Get the source",
        "[1/3] FROM scratch",
        "[2/3] RUN echo hello",
        "[3/3] RUN echo again >&2",
    ]
    assert ("o", "hello", 3) in yard.told.lines
    assert ("e", "again", 4) in yard.told.lines
    image = yard.engine.image(TAG)
    assert result.image_id == image.image_id
    assert image.labels[LABEL_BUILD] == "01build0000000000000000007"
    assert image.labels[LABEL_INSTANCE] == INSTANCE
    assert len(result.layers) == 3
    assert (result.builder, yard.told.facts["builder"]) == ("classic", "classic")


def test_cached_steps_are_counted(yard: Yard) -> None:
    yard.build(yard.order("RUN echo hello"))
    second = yard.order("RUN echo hello", build="01build0000000000000000008", tag="slipway/shop/web:8-00000008")
    assert yard.build(second).cached_steps == 2


def test_a_failing_step_is_named_with_its_last_lines(yard: Yard) -> None:
    error = yard.refused(yard.order("RUN echo why; exit 3", "RUN echo never"))
    assert error.problem.code == "build_failed"
    assert error.problem.whose == "user"
    assert yard.told.steps[error.problem.step or 0][0] == "[2/3] RUN echo why; exit 3"
    assert yard.told.ended("failed") == ["[2/3] RUN echo why; exit 3"]
    assert error.problem.evidence == ["why"]


def test_an_image_that_an_earlier_attempt_finished_is_taken_as_it_is(yard: Yard) -> None:
    order = yard.order("RUN echo hello")
    first = yard.build(order)
    yard.engine.calls.clear()
    assert yard.build(order).image_id == first.image_id
    assert "build" not in [verb for verb, _ in yard.engine.calls]


def test_a_label_alone_does_not_make_an_image_the_builds(yard: Yard) -> None:
    yard.engine.add_image(tag="somebody/else:1", labels={LABEL_BUILD: "01build0000000000000000007"})
    yard.engine.add_image(tag=TAG, labels={LABEL_BUILD: "01build0000000000000000001"})
    yard.build(yard.order("RUN echo hello"))
    assert "build" in [verb for verb, _ in yard.engine.calls]


def test_an_order_cannot_say_whose_slipway_built_it(yard: Yard) -> None:
    yard.build(yard.order("RUN echo hello", labels={LABEL_INSTANCE: "another", "slipway.build": "another"}))
    labels = yard.engine.image(TAG).labels
    assert (labels[LABEL_INSTANCE], labels[LABEL_BUILD]) == (INSTANCE, "01build0000000000000000007")


def test_a_build_is_cancelled_in_the_middle_of_a_step(yard: Yard) -> None:
    yard.told.stop_at_step = "RUN sleep"
    with pytest.raises(Cancelled):
        yard.build(yard.order("RUN sleep 1000"))
    assert yard.told.ended("cancelled") == ["[2/2] RUN sleep 1000"]
    assert list(yard.workdir.iterdir()) == []


def test_the_time_limit_is_the_orders(yard: Yard) -> None:
    error = yard.refused(yard.order("RUN sleep 1000", timeout=0))
    assert error.problem.code == "build_timeout"


@pytest.mark.parametrize(
    ("trouble", "code", "retry"),
    [(EngineUnavailable("gone"), "engine_unavailable", True), (DiskFull("full"), "disk_full", True)],
)
def test_the_engines_troubles_are_not_the_users(trouble: EngineUnavailable, code: str, retry: bool, yard: Yard) -> None:
    yard.engine.trouble.append(Trouble(call="build", error=trouble))
    error = yard.refused(yard.order("RUN echo x"))
    assert (error.problem.code, error.problem.whose, error.problem.retry_helps) == (code, "host", retry)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": InlineSource(dockerfile="# syntax=evil\nFROM scratch\n")},
        {"source": InlineSource(dockerfile="FROM scratch\n", files={"../x": ""})},
        {"source": GitSource(url="file:///etc")},
        {"args": {"BUILDKIT_SYNTAX": "evil"}},
    ],
)
def test_what_the_control_plane_let_through_is_refused_here_too(changes: dict[str, Any], yard: Yard) -> None:
    error = yard.refused(yard.order(**changes))
    assert error.problem.code in ("source_refused", "build_refused")
    assert "build" not in [verb for verb, _ in yard.engine.calls]


def test_a_credential_that_did_not_come_is_our_fault(yard: Yard) -> None:
    order = yard.order(source=GitSource(url="https://git.example.org/x", credential="deploy"))
    assert yard.refused(order).problem.code == "secret_missing"


def test_no_secret_is_in_a_problem(yard: Yard) -> None:
    error = yard.refused(yard.order("RUN echo hunter22; exit 1"), token="hunter22")
    assert "hunter22" not in repr(error.problem)
    assert error.problem.evidence == ["••••••"]


def test_the_well_known_base_image_is_made_when_it_is_asked_for(
    yard: Yard, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    busybox = tmp_path_factory.mktemp("bin") / "busybox"
    busybox.write_bytes(b"\x7fELF")
    monkeypatch.setattr("runtime.procedures.base_image.BUSYBOX", (str(busybox),))
    monkeypatch.setattr("runtime.procedures.base_image.DOCKERFILE", "FROM scratch\nRUN echo base\n")
    order = yard.order(source=InlineSource(dockerfile=f"FROM {BASE_IMAGE}\nRUN echo hi\n"))
    yard.build(order)
    assert f"Make the base image {BASE_IMAGE}" in yard.told.ended("succeeded")
    assert yard.engine.image(BASE_IMAGE)


def test_a_host_that_cannot_make_it_says_what_to_install(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.procedures.base_image.BUSYBOX", ("/nonexistent/busybox",))
    error = yard.refused(yard.order(source=InlineSource(dockerfile=f"FROM {BASE_IMAGE}\n")))
    assert error.problem.code == "base_image_missing"
    assert "busybox-static" in error.problem.advice
