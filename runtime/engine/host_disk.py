"""The disk that an engine on this machine keeps its data on, and how the kernel lets one container's use be bounded."""

import os
from pathlib import Path
from typing import Literal

SYSFS = Path("/sys")
DEVICES = Path("/dev")

Bound = Literal["weight", "bps"]


def disk_of(folder: str, *, sysfs: Path = SYSFS, devices: Path = DEVICES) -> str | None:
    """The whole disk's device: the kernel bounds no partition. None where there is none: another machine's folder, a
    filesystem of several disks or of none.
    """
    try:
        number = os.stat(folder).st_dev
        place = (sysfs / "dev/block" / f"{os.major(number)}:{os.minor(number)}").resolve(strict=True)
    except OSError:
        return None
    if (place / "partition").exists():
        place = place.parent
    device = devices / place.name.replace("!", "/")
    return str(device) if device.is_block_device() else None


def bounds(disk: str | None, *, sysfs: Path = SYSFS) -> tuple[Bound, ...]:
    """What the kernel can bound, by the files that it offers for it."""
    groups = sysfs / "fs/cgroup"
    if disk is None:
        return ()
    found: list[Bound] = []
    # A weight is a file of each group but the root: of the first generation the root has it too.
    if any((groups / name).exists() for name in ("blkio/blkio.weight", "blkio/blkio.bfq.weight")) or any(
        groups.glob("*/io.*weight")
    ):
        found.append("weight")
    controllers = groups / "cgroup.controllers"
    if (groups / "blkio/blkio.throttle.read_bps_device").exists() or (
        controllers.exists() and "io" in controllers.read_text().split()
    ):
        found.append("bps")
    return tuple(found)
