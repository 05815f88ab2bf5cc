"""Which disk an engine keeps its data on, and what the kernel can bound of its use, by what it offers below /sys."""

import os
from pathlib import Path

import pytest

from runtime.engine.host_disk import bounds, disk_of


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """A machine whose folder `tmp_path` lies on the second partition of disk `sda`."""
    number = os.stat(tmp_path).st_dev
    part = tmp_path / "sys/devices/block/sda/sda2"
    part.mkdir(parents=True)
    (part / "partition").write_text("2\n")
    (tmp_path / "sys/dev/block").mkdir(parents=True)
    (tmp_path / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}").symlink_to(part)
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    return tmp_path / "sys"


def test_a_partition_is_bounded_by_its_whole_disk(sysfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_block_device", lambda path: path.name == "sda")
    assert disk_of(str(tmp_path), sysfs=sysfs, devices=tmp_path) == str(tmp_path / "sda")


def test_what_is_no_device_here_is_no_disk(sysfs: Path, tmp_path: Path) -> None:
    assert disk_of(str(tmp_path), sysfs=sysfs, devices=tmp_path) is None
    assert disk_of("/nowhere/at/all", sysfs=sysfs) is None
    assert disk_of(str(tmp_path), sysfs=tmp_path / "other") is None


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ()),
        ({"blkio/blkio.throttle.read_bps_device": ""}, ("bps",)),
        ({"blkio/blkio.bfq.weight": "", "blkio/blkio.throttle.read_bps_device": ""}, ("weight", "bps")),
        ({"cgroup.controllers": "cpu memory pids\n"}, ()),
        ({"cgroup.controllers": "cpu io memory\n"}, ("bps",)),
        ({"cgroup.controllers": "cpu io memory\n", "system.slice/io.bfq.weight": ""}, ("weight", "bps")),
    ],
)
def test_what_can_be_bounded_is_what_the_kernel_offers(sysfs: Path, files: dict[str, str], found: tuple[str]) -> None:
    for name, text in files.items():
        place = sysfs / "fs/cgroup" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    assert bounds("/dev/sda", sysfs=sysfs) == found
    assert bounds(None, sysfs=sysfs) == ()
