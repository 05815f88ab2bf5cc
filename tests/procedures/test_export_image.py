"""An image as one archive: every byte in order, either layout, and taken in again it is the same image."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.orders import ExportImage
from runtime.contract.wire import PIECE_BYTES
from runtime.engine.docker import DockerEngine
from runtime.engine.fake import FakeEngine
from runtime.oci_layout import NoImage, oci_layout
from runtime.procedures.export_image import export_image
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.engine.bench import Bench, image_of
from tests.engine.dockerd import engine_address
from tests.procedures.rig import Told

GIGABYTE = 1024**3


@dataclass
class Sink:
    """Takes pieces as the control plane does."""

    data: bytearray = field(default_factory=bytearray)
    sizes: list[int] = field(default_factory=list)

    def __call__(self, offset: int, piece: bytes) -> None:
        assert offset == len(self.data)
        self.sizes.append(len(piece))
        self.data += piece

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


@pytest.fixture
def fake(tmp_path: Path) -> Bench:
    return Bench(FakeEngine(), tmp_path).set_up()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Bench]:
    with engine_address() as address:
        bench = Bench(DockerEngine(address=address), tmp_path).set_up()
        yield bench
        bench.engine.untag(named(bench))
        bench.clean_up()


def named(bench: Bench) -> str:
    return f"slipway/{bench.instance}/front:1-abcdefgh"


def built(bench: Bench, *instructions: str) -> str:
    return image_of(bench.build(bench.request(*(instructions or ("RUN echo hello > /greeting",)), tag=named(bench))))


def order(bench: Bench, image: str, **changes: Any) -> ExportImage:
    given: dict[str, Any] = {"image": image, "name": named(bench), "limit": GIGABYTE}
    return ExportImage(**{**given, **changes})


def exported(bench: Bench, wanted: ExportImage, told: Told | None = None) -> Sink:
    sink = Sink()
    result = export_image(wanted, engine=bench.engine, reporter=told or Told(), workdir=bench.folder, send=sink)
    assert (result.size, result.digest) == (len(sink.data), sink.digest)
    assert not list(bench.folder.glob("export-*"))
    return sink


def taken_in(bench: Bench, sink: Sink) -> list[str]:
    """The IDs of the images that the engine finds in the archive, after it has let go of its own."""
    bench.engine.untag(named(bench))
    return bench.engine.load([bytes(sink.data)], cancelled=lambda: False, timeout=60.0)


def test_every_byte_is_sent_in_order_and_summed_up(fake: Bench) -> None:
    image = built(fake)
    sink = exported(fake, order(fake, image))
    assert taken_in(fake, sink) == [image] and fake.engine.image(named(fake)).image_id == image


def test_a_name_that_moved_is_not_what_is_exported(fake: Bench) -> None:
    image = built(fake)
    fake.engine.tag(image, "kept:1")
    other = built(fake, "RUN echo another")
    assert taken_in(fake, exported(fake, order(fake, image))) == [image] != [other]


def test_what_is_not_there_is_said(fake: Bench) -> None:
    with pytest.raises(ProcedureError) as failed:
        exported(fake, order(fake, f"sha256:{'0' * 64}"))
    assert "no such image" in failed.value.problem.message


@pytest.mark.parametrize("layout", ["docker", "oci"])
def test_more_than_the_limit_is_not_sent(fake: Bench, layout: str) -> None:
    with pytest.raises(ProcedureError) as failed:
        exported(fake, order(fake, built(fake), limit=10, layout=layout))
    assert failed.value.problem.code == "export_too_large"


def test_somebody_may_stop_it(fake: Bench) -> None:
    with pytest.raises(Cancelled):
        exported(fake, order(fake, built(fake)), Told(stopping=True))


def test_an_archive_that_is_no_image_is_no_layout(fake: Bench) -> None:
    with pytest.raises(ProcedureError) as failed:
        exported(fake, order(fake, built(fake), layout="oci"))  # the fake's archives are no tar
    assert failed.value.problem.code == "export_not_saved"


@pytest.mark.engine
@pytest.mark.parametrize("layout", ["docker", "oci"])
def test_an_engine_takes_it_in_again_as_the_same_image(real: Bench, layout: str) -> None:
    image = built(real, "RUN dd if=/dev/urandom of=/noise bs=1024 count=5000")
    sink = exported(real, order(real, image, layout=layout))
    assert set(sink.sizes[:-1]) == {PIECE_BYTES}
    assert taken_in(real, sink) == [image]
    assert real.engine.image(named(real)).image_id == image
    if layout == "oci":
        assert is_whole_layout(sink.data, image)


def is_whole_layout(data: bytes | bytearray, image: str) -> bool:
    """Every blob is what its name says, and the index leads to the image."""
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive if member.isreg()}  # type: ignore[union-attr]
    blobs = {name: content for name, content in files.items() if name.startswith("blobs/sha256/")}
    assert all(name.endswith(hashlib.sha256(content).hexdigest()) for name, content in blobs.items())
    (entry,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(blobs["blobs/" + entry["digest"].replace(":", "/")])
    for part in (manifest["config"], *manifest["layers"]):
        assert len(blobs["blobs/" + part["digest"].replace(":", "/")]) == part["size"]
    return bool(manifest["config"]["digest"] == image)


LAYERS = (b"first layer" * 100, b"second")


def saved(folder: Path, *, wrong: str = "") -> tuple[Path, str]:
    """What an engine saves, with the second layer as a link to the first where it is the same; and the image's ID."""
    digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in (*LAYERS, LAYERS[0])]
    if wrong == "layer":
        digests[0] = digests[1]
    config = json.dumps({"rootfs": {"diff_ids": digests}}).encode()
    path = folder / "saved.tar"
    with tarfile.open(path, "w") as archive:
        add(archive, "a/layer.tar", LAYERS[0])
        add(archive, "b/layer.tar", LAYERS[1])
        link = tarfile.TarInfo("c/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../../etc/passwd" if wrong == "link" else "../a/layer.tar"
        archive.addfile(link)
        add(archive, "x.json", config)
        told = [{"Config": "x.json", "Layers": ["a/layer.tar", "b/layer.tar", "c/layer.tar"]}]
        add(archive, "manifest.json", json.dumps(told * (2 if wrong == "two" else 1)).encode())
    return path, f"sha256:{hashlib.sha256(b'' if wrong == 'config' else config).hexdigest()}"


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def laid_out(path: Path, image: str) -> bytes:
    return b"".join(oci_layout(path, image_id=image, name="front:1", check_cancelled=lambda: None))


def test_a_layout_names_every_part_by_its_digest_and_holds_each_once(tmp_path: Path) -> None:
    data = laid_out(*saved(tmp_path))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
    assert len(names) == len(set(names)) == 3 + 2 + len(LAYERS) and laid_out(*saved(tmp_path)) == data
    assert is_whole_layout(data, saved(tmp_path)[1])


@pytest.mark.parametrize("wrong", ["layer", "config", "two", "link"])
def test_what_is_not_the_one_image_is_no_layout(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(NoImage):
        laid_out(*saved(tmp_path, wrong=wrong))


def test_what_is_a_layout_already_stays_as_it_is(tmp_path: Path) -> None:
    path, image = saved(tmp_path)
    again = tmp_path / "again.tar"
    again.write_bytes(laid_out(path, image))
    assert laid_out(again, image) == again.read_bytes()
