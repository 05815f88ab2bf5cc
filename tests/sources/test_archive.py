"""The host unpacks by its own judgement: what the control plane would have refused, it refuses too."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.archives.rules import MIB, Bounds, Format
from runtime.contract.source import ArchiveSource
from runtime.sources.archive import unpack_archive
from runtime.sources.context import Context, SourceError
from tests.contract.packing import ATTACKS, GOOD, PACKERS, TAR_ATTACKS, gzip_bomb, tar, tar_gz

DIGEST = "sha256:" + "ab" * 32
BOTH_WAYS = [(name, packer) for packer in ("tar", "zip") for name in ATTACKS if (name, packer) != ("no text", "zip")]
pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")  # the packer's, and meant


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder to unpack into, with something beside it that an attack would reach."""
    (tmp_path / "x").write_text("untouched")
    folder = tmp_path / "source"
    folder.mkdir(mode=0o700)
    return folder


def unpack(root: Path, data: bytes, form: Format = "tar", bounds: Bounds | None = None, **more: Any) -> Context:
    archive = root.parent / "archive"
    archive.write_bytes(data)
    source = ArchiveSource(digest=DIGEST, size=len(data), format=form, **more)
    return unpack_archive(source, archive=archive, directory=root, check_cancelled=lambda: None, bounds=bounds)


@pytest.mark.parametrize("form", PACKERS)
def test_a_good_archive_becomes_a_context(root: Path, form: Any) -> None:
    context = unpack(root, PACKERS[form](GOOD), form)
    assert context.dockerfile == "Dockerfile" and context.dockerfile_text.startswith("FROM")
    assert (root / "app/run.sh").read_bytes() == b"#!/bin/sh\necho hi\n"
    assert stat.S_IMODE((root / "app/run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "Dockerfile").stat().st_mode) == 0o644
    assert os.readlink(root / "app/latest") == "run.sh"
    if form != "zip":
        assert (root / "app/again").stat().st_ino == (root / "app/run.sh").stat().st_ino


def test_a_part_of_it_is_built_with_a_dockerfile_of_any_name(root: Path) -> None:
    entries = [("repo-main/Containerfile", b"FROM scratch\n"), ("other/Dockerfile", b"FROM other\n")]
    context = unpack(root, tar(entries), directory="repo-main", dockerfile="Containerfile")
    assert context.directory == (root / "repo-main").resolve() and context.dockerfile == "Containerfile"


@pytest.mark.parametrize(("name", "packer"), BOTH_WAYS)
def test_an_attack_is_refused_and_reaches_nothing_outside(root: Path, name: str, packer: Any) -> None:
    data = PACKERS[packer](ATTACKS[name])
    with pytest.raises(SourceError) as refused:
        unpack(root, data, packer)
    assert refused.value.problem.whose == "user"
    assert (root.parent / "x").read_text() == "untouched"
    assert sorted(path.name for path in root.parent.iterdir()) == ["archive", "source", "x"]


@pytest.mark.parametrize("name", TAR_ATTACKS)
def test_what_only_tar_can_do_is_refused(root: Path, name: str) -> None:
    with pytest.raises(SourceError):
        unpack(root, tar(TAR_ATTACKS[name]))


def test_a_bomb_is_stopped_before_it_fills_the_disk(root: Path) -> None:
    with pytest.raises(SourceError):
        unpack(root, gzip_bomb(64 * MIB), "tar.gz", bounds=Bounds(bytes=8 * MIB))
    assert sum(path.stat().st_size for path in root.rglob("*")) <= 8 * MIB


def test_another_format_than_was_said_is_refused(root: Path) -> None:
    with pytest.raises(SourceError):
        unpack(root, tar_gz(GOOD), "zip")


@pytest.mark.parametrize("more", [{"directory": "../"}, {"directory": "none"}, {"dockerfile": "../x"}])
def test_a_folder_or_a_dockerfile_that_is_none_of_it_is_refused(root: Path, more: dict[str, Any]) -> None:
    with pytest.raises(SourceError):
        unpack(root, tar(GOOD), **more)


def test_somebody_who_cancels_is_heard_in_the_middle(root: Path) -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    (root.parent / "archive").write_bytes(tar(GOOD))
    source = ArchiveSource(digest=DIGEST, size=1, format="tar")
    with pytest.raises(Stopped):
        unpack_archive(source, archive=root.parent / "archive", directory=root, check_cancelled=stop)
