"""What was exported comes in again as the same image on a real Docker Engine, in both layouts, under our name alone."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from runtime.contract.orders import ExportImage, LoadImage
from runtime.contract.reports import ImageResult
from runtime.contract.source import SavedSource
from runtime.engine.base import CANCEL_WITHIN
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import BadRequest, NotFound
from runtime.procedures.export_image import export_image
from runtime.procedures.load_image import SETTLE_SECONDS, load_image
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.engine.bench import Bench, image_of
from tests.engine.dockerd import engine_address
from tests.procedures.rig import Told
from tests.procedures.saved import config, docker, layout, packed, zipped
from tests.procedures.test_export_image import Sink

pytestmark = pytest.mark.engine

GIGABYTE = 1024**3


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Bench]:
    with engine_address() as address:
        bench = Bench(DockerEngine(address=address), tmp_path).set_up()
        yield bench
        for container in bench.engine.list_managed(instance=bench.instance):
            bench.engine.remove(container.container_id)
        for name in (saved_as(bench), kept_as(bench)):
            bench.engine.untag(name)
        bench.clean_up()


def saved_as(bench: Bench) -> str:
    return f"slipway/{bench.instance}/front:1-abcdefgh"


def kept_as(bench: Bench) -> str:
    return f"slipway/{bench.instance}/again:1-abcdefgh"


def exported(bench: Bench, image: str, kind: Literal["docker", "oci"]) -> bytes:
    sink = Sink()
    order = ExportImage(image=image, name=saved_as(bench), layout=kind, limit=GIGABYTE)
    export_image(order, engine=bench.engine, reporter=Told(), workdir=bench.folder, send=sink)
    return bytes(sink.data)


class Sent:
    """The control plane's side."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def fetch(self, digest: str, *, size: int, into: Path, meanwhile: Callable[[], None]) -> None:
        into.write_bytes(self.data)


def load(bench: Bench, data: bytes, told: Told | None = None, **changes: Any) -> ImageResult:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    form: Any = "tar.gz" if data.startswith(b"\x1f\x8b") else "tar"
    source = SavedSource(digest=digest, size=len(data), format=form)
    order = LoadImage(build="01build0000000000000000007", number=1, tag=kept_as(bench), source=source, **changes)
    reporter = told or Told()
    return load_image(order, engine=bench.engine, reporter=reporter, secrets={}, workdir=bench.folder, blobs=Sent(data))


def holds(bench: Bench, name: str) -> bool:
    try:
        bench.engine.image(name)
    except NotFound:
        return False
    return True


def built(bench: Bench, *steps: str) -> str:
    return image_of(bench.build(bench.request(*steps, tag=saved_as(bench))))


@pytest.mark.parametrize("kind", ["docker", "oci"])
@pytest.mark.parametrize("pack", [bytes, zipped])
def test_there_and_back_it_is_the_same_image(
    real: Bench, kind: Literal["docker", "oci"], pack: Callable[[bytes], bytes]
) -> None:
    image = built(real, "RUN dd if=/dev/urandom of=/noise bs=1024 count=3000", "RUN echo hi > /hi", "ENV A=b")
    before, layers = real.engine.image(image), real.engine.layers(image)
    data = exported(real, image, kind)
    real.engine.untag(saved_as(real))
    assert not holds(real, image)
    result = load(real, pack(data))
    after = real.engine.image(image)
    assert result.image_id == image and after.tags == (kept_as(real),)
    assert (after.labels, after.variables, after.size) == (before.labels, before.variables, before.size)
    assert [one.digest for one in result.layers] == [one.digest for one in layers]
    assert real.run_to_end("cat /hi", image=image).exit_code == 0
    assert not list(real.folder.glob("load-*"))


def test_its_name_here_stays_where_it_was(real: Bench) -> None:
    image = built(real, "RUN echo first > /a")
    data = exported(real, image, "docker")
    other = built(real, "RUN echo second > /a")
    assert load(real, data).image_id == image
    assert real.engine.image(saved_as(real)).image_id == other


@pytest.mark.parametrize("parts", [docker(), layout(pack=zipped), layout(nested=True)])
def test_what_other_tools_write_is_taken_in(real: Bench, parts: Any) -> None:
    result = load(real, packed(parts))
    assert result.image_id == f"sha256:{hashlib.sha256(config()).hexdigest()}"
    assert real.engine.image(kept_as(real)).labels == {"made": "elsewhere"}


def test_what_the_engine_refuses_leaves_nothing(real: Bench) -> None:
    """Right in every digest, and still no layer."""
    with pytest.raises(ProcedureError) as refused:
        load(real, packed(docker(layers=(b"no tar at all" * 100,))))
    assert refused.value.problem.code == BadRequest.code
    assert not holds(real, kept_as(real))


def test_cancelled_at_any_moment_nothing_stays(real: Bench) -> None:
    image = built(real, "RUN dd if=/dev/urandom of=/noise bs=1024 count=40000")
    data = exported(real, image, "docker")
    real.engine.untag(saved_as(real))
    for delay in (0.02, 0.2, 0.5):
        told = Told()
        stopper = threading.Timer(delay, lambda told=told: setattr(told, "stopping", True))
        stopper.start()
        begun = time.monotonic()
        try:
            load(real, data, told)
            real.engine.untag(kept_as(real))  # it was faster
        except Cancelled:
            assert time.monotonic() - begun < delay + CANCEL_WITHIN + SETTLE_SECONDS
        assert not holds(real, kept_as(real)) and not holds(real, image)
        assert not list(real.folder.glob("load-*"))
        stopper.join()
