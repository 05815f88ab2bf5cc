"""A saved image is looked at to the last digest before anybody takes it; what is odd about it is refused as a whole."""

import hashlib
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.archives.rules import ArchiveRefused
from runtime.contract.archives.walking import format_of
from runtime.saved.parts import MAX_ENTRIES, unpacked
from runtime.saved.reading import SavedImage, saved_image
from runtime.saved.writing import engine_archive, engine_bytes
from tests.contract.packing import ATTACKS as ARCHIVE_ATTACKS
from tests.contract.packing import tar
from tests.contract.packing import zipped as as_zip
from tests.procedures.saved import ATTACKS, GOOD, IMAGE_ID, LAYERS, NAME, Parts, config, docker, layout, packed, zipped

pytestmark = pytest.mark.thorough

OURS = "slipway/shop/web:1-00000001"


def never() -> None:
    """Nobody asks to stop."""


def read(data: bytes, folder: Path, tick: Callable[[], None] = never) -> SavedImage:
    """What the procedure makes of an archive."""
    (folder / "parts").mkdir()
    archive = folder / "archive"
    archive.write_bytes(data)
    with archive.open("rb") as file:
        form = format_of(file)
    return saved_image(unpacked(archive, form=form, folder=folder / "parts", tick=tick))


def written(image: SavedImage) -> dict[str, bytes]:
    """The files of the archive that the engine gets."""
    data = b"".join(engine_archive(image, name=OURS))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert all(member.isreg() for member in archive)
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("name", GOOD)
def test_what_tools_write_is_read_and_written_anew_to_the_byte(name: str, gzip: bool, tmp_path: Path) -> None:
    data = packed(GOOD[name])
    image = read(zipped(data) if gzip else data, tmp_path)
    files = written(image)
    (told,) = json.loads(files["manifest.json"])
    assert told["RepoTags"] == [OURS] and image.names in ((NAME,), ())
    assert f"sha256:{hashlib.sha256(files[told['Config']]).hexdigest()}" == image.image_id
    found = [f"sha256:{hashlib.sha256(files[path]).hexdigest()}" for path in told["Layers"]]
    assert found == json.loads(files[told["Config"]])["rootfs"]["diff_ids"]
    assert engine_bytes(image) == sum(len(files[path]) for path in set(told["Layers"]))
    assert set(files) == {"manifest.json", told["Config"], *told["Layers"]}
    if name not in ("docker with a link", "no layer"):
        assert image.image_id == IMAGE_ID and [files[path] for path in told["Layers"]] == list(LAYERS)


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_not_one_whole_image_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        read(packed(ATTACKS[name]), tmp_path)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 400
    assert {path.name for path in tmp_path.iterdir()} == {"parts", "archive"}
    assert all(path.name.isdigit() for path in (tmp_path / "parts").iterdir())


@pytest.mark.parametrize("name", ARCHIVE_ATTACKS)
def test_what_no_archive_may_hold_a_saved_image_may_not_either(name: str, tmp_path: Path) -> None:
    image = [] if name == "nothing in it" else list(docker().items())
    with pytest.raises(ArchiveRefused):
        read(tar([*image, *ARCHIVE_ATTACKS[name]]), tmp_path)


def test_a_zip_is_no_saved_image_for_the_host_either(tmp_path: Path) -> None:
    """The control plane refuses it; a host that gets one all the same reads it by the same rules."""
    assert read(as_zip(list(docker().items())), tmp_path).image_id == IMAGE_ID


def test_a_layer_that_unpacks_without_end_is_stopped(tmp_path: Path) -> None:
    bomb = zipped(bytes(80 << 20))
    parts: Parts = docker() | {"1/layer.tar": bomb}
    begun = time.monotonic()
    with pytest.raises(ArchiveRefused) as refused:
        read(packed(parts), tmp_path)
    assert refused.value.too_large and time.monotonic() - begun < 5


def test_more_entries_than_an_image_has_are_refused(tmp_path: Path) -> None:
    many: Parts = {f"x/{at}": b"" for at in range(MAX_ENTRIES)}
    with pytest.raises(ArchiveRefused) as refused:
        read(packed(many | docker()), tmp_path)
    assert refused.value.too_large


def test_names_are_told_few_and_readable(tmp_path: Path) -> None:
    names = ["a\x1b[2J:1", "b" * 5000, *[f"c:{at}" for at in range(50)], 7, None]
    found = read(packed(docker(RepoTags=names)), tmp_path).names
    assert found[0] == "a?[2J:1" and len(found) == 5 and all(len(name) < 120 for name in found)


def test_who_asks_to_stop_is_heard_while_it_is_read(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(packed(docker()), tmp_path, stop)


SEEDS = [packed(docker()), packed(layout(pack=zipped, nested=True))]


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=4),
    end=st.one_of(st.none(), st.integers(0, 1 << 16)),
)
def test_whatever_is_changed_it_is_that_image_or_none(
    seed: bytes, changes: list[tuple[int, int]], end: int | None
) -> None:
    """Nothing else comes of it: no other error, and no image whose bytes are not those of its ID."""
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        try:
            image = read(bytes(data[:end]), Path(folder))
        except ArchiveRefused:
            return
        assert f"sha256:{hashlib.sha256(image.config).hexdigest()}" == image.image_id
        for layer in image.layers:
            assert f"sha256:{hashlib.sha256(b''.join(layer.content())).hexdigest()}" == layer.diff_id


def test_the_configuration_is_passed_on_as_it_is(tmp_path: Path) -> None:
    odd = config(LAYERS, note="caf\u00e9") + b"\n "
    assert read(packed(layout(made=odd)), tmp_path).config == odd
