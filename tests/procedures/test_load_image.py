"""A saved image is taken in: checked first, under our name alone, and nothing of it stays where that fails."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.contract.archives.walking import format_of
from runtime.contract.orders import LoadImage, Push
from runtime.contract.reports import ImageResult
from runtime.contract.source import SavedSource
from runtime.engine.errors import DiskFull, EngineUnavailable, WorkCancelled, WorkTimeout
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.fake_registry import FakeRegistry
from runtime.procedures import load_image as procedure
from runtime.procedures.load_image import load_image
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.sources.context import SourceError
from tests.procedures.rig import Told
from tests.procedures.saved import ATTACKS, IMAGE_ID, LAYERS, NAME, config, docker, layout, packed, zipped

TAG = "slipway/shop/web:7-00000007"
STATUS = b"Package: crane\nStatus: install ok installed\nVersion: 1\n"


@dataclass
class Sent:
    """What the control plane sends."""

    data: bytes
    broken: str = ""

    def fetch(self, digest: str, *, size: int, into: Path, meanwhile: Callable[[], None]) -> None:
        assert (digest, size) == (f"sha256:{hashlib.sha256(self.data).hexdigest()}", len(self.data))
        meanwhile()
        if self.broken:
            raise SourceError(self.broken, code="archive_missing", whose="us")
        into.write_bytes(self.data)


@dataclass
class Berth:
    """A host that takes images in."""

    folder: Path
    engine: FakeEngine = field(default_factory=FakeEngine)
    told: Told = field(default_factory=Told)
    broken: str = ""

    def load(self, data: bytes, **changes: Any) -> ImageResult:
        file = self.folder / "look"
        file.write_bytes(data)
        with file.open("rb") as opened:
            form = format_of(opened)
        file.unlink()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        source = SavedSource(digest=digest, size=len(data), format=form)
        order = LoadImage(build="01build0000000000000000007", number=7, tag=TAG, source=source)
        return load_image(
            msgspec.structs.replace(order, **changes),
            engine=self.engine,
            reporter=self.told,
            secrets={},
            workdir=self.folder,
            blobs=Sent(data, self.broken),
        )

    def refused(self, data: bytes, **changes: Any) -> str:
        with pytest.raises(ProcedureError) as caught:
            self.load(data, **changes)
        self.left_nothing()
        return caught.value.problem.code

    def left_nothing(self) -> None:
        assert self.names() == [] and list(self.folder.iterdir()) == [] and not self.told.ended("running")

    def names(self) -> list[str]:
        return [name for image in self.engine.list_images(labels={}) for name in image.tags or (image.image_id,)]

    def verbs(self, verb: str) -> int:
        return [one for one, _ in self.engine.calls].count(verb)


@pytest.fixture
def berth(tmp_path: Path) -> Berth:
    return Berth(tmp_path)


@pytest.mark.parametrize("data", [packed(docker()), zipped(packed(layout(pack=zipped, nested=True)))])
def test_it_is_taken_in_as_the_image_that_it_was(berth: Berth, data: bytes) -> None:
    berth.engine.inside["/var/lib/dpkg/status"] = STATUS
    result = berth.load(data)
    assert result.image_id == IMAGE_ID == berth.engine.image(TAG).image_id
    assert (result.size, [layer.size for layer in result.layers]) == (sum(map(len, LAYERS)), [*map(len, LAYERS)])
    assert result.digest is None and result.packages
    assert berth.engine.image(TAG).labels == {"made": "elsewhere"}
    assert berth.told.ended("succeeded") == ["Get the archive", "Check the archive", "Load the image"]
    assert f"It was saved as {NAME}; that name is not taken over" in berth.told.texts()
    assert list(berth.folder.iterdir()) == []


def test_a_name_that_the_archive_says_moves_nothing_here(berth: Berth) -> None:
    ours = berth.engine.add_image(tag=NAME)
    berth.load(packed(docker()))
    assert berth.engine.image(NAME).image_id == ours.image_id
    assert sorted(berth.names()) == sorted([NAME, TAG])


@pytest.mark.thorough
@pytest.mark.parametrize("name", ATTACKS)
def test_the_engine_never_sees_what_is_refused(berth: Berth, name: str) -> None:
    assert berth.refused(packed(ATTACKS[name])) == "image_refused"
    assert berth.verbs("load") == 0


def test_what_was_not_sent_whole_is_not_looked_at(berth: Berth) -> None:
    berth.broken = "it broke off"
    assert berth.refused(packed(docker())) == "archive_missing"


def test_how_far_it_is_is_said(berth: Berth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procedure, "TELL_EVERY", 4096)
    berth.load(packed(docker()))
    whole = sum(map(len, LAYERS))
    assert any(text.endswith(f" of {whole} bytes given to the engine") for text in berth.told.texts())


@pytest.mark.parametrize("step", ["Get the archive", "Check the archive", "Load the image"])
def test_cancelled_anywhere_it_leaves_nothing(berth: Berth, step: str) -> None:
    berth.told.stop_at_step = step
    with pytest.raises(Cancelled):
        berth.load(packed(docker()))
    berth.left_nothing()
    assert berth.told.ended("cancelled") == [step]


@pytest.mark.parametrize("error", [DiskFull("no space left"), WorkTimeout("too long"), WorkCancelled("stopped")])
@pytest.mark.parametrize("after", [False, True])
def test_what_an_engine_made_and_nobody_waited_for_is_let_go(
    berth: Berth, error: Any, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedure, "SETTLE_SECONDS", 0.0)
    berth.engine.trouble.append(Trouble(call="load", error=error, after=after))
    with pytest.raises((ProcedureError, Cancelled)):
        berth.load(packed(docker()))
    berth.left_nothing()


def test_an_engine_that_went_away_is_said_and_taken_up_again(berth: Berth) -> None:
    berth.engine.trouble.append(Trouble(call="load", error=EngineUnavailable("gone"), after=True))
    assert berth.refused(packed(docker())) == "engine_unavailable"
    assert berth.load(packed(docker())).image_id == IMAGE_ID
    assert berth.load(packed(docker())).image_id == IMAGE_ID and berth.names() == [TAG]


def test_the_time_is_for_all_of_it(berth: Berth) -> None:
    assert berth.refused(packed(docker()), timeout=0) == "timeout"


def test_an_engine_that_makes_another_image_of_it_keeps_none(berth: Berth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(berth.engine, "load", _other(berth.engine))
    assert berth.refused(packed(docker())) == "image_differs"


def _other(engine: FakeEngine) -> Callable[..., list[str]]:
    def load(archive: Any, **_: Any) -> list[str]:
        assert b"".join(archive)
        return [engine.add_image(tag=TAG).image_id]

    return load


def test_it_is_pushed_as_every_build_and_stays_when_that_fails(berth: Berth) -> None:
    registry = FakeRegistry()
    berth.engine.registries["ours.example.org"] = registry
    push = Push(push="p", repository="ours.example.org/shop/app", tags=("{number}",), primary=True)
    result = berth.load(packed(docker()), push=(push,))
    assert result.digest == result.pushed[0].digest and "shop/app:7" in registry.names
    registry.away = True
    with pytest.raises(ProcedureError) as caught:
        berth.load(packed(docker()), push=(push,))
    assert isinstance(caught.value.result, ImageResult) and TAG in berth.names()


def test_an_image_of_no_layers_is_one_too(berth: Berth) -> None:
    assert berth.load(packed(docker(layers=()))).layers == []
    assert berth.engine.image(TAG).image_id == f"sha256:{hashlib.sha256(config(())).hexdigest()}"
