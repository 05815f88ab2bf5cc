"""The distribution's static busybox, from which the host makes the demo's base image when no registry answers."""

from pathlib import Path

from launch.commands import apt_install, may_install
from launch.places import Places
from launch.say import say

BUSYBOX = (Path("/bin/busybox"), Path("/usr/bin/busybox"))
PACKAGE = "busybox-static"


def ensure_busybox(places: Places) -> None:
    """Install it where that is allowed. Without it Slipway runs all the same, so nothing is stopped."""
    if any(path.is_file() for path in BUSYBOX):
        return
    if may_install():
        apt_install("Base image", [PACKAGE], log=places.logs / "setup.log")
    else:
        say("Base image", f"no busybox here; without a registry the demo needs the package {PACKAGE}")
