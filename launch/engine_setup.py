"""Installing and starting an engine where none answers."""

import os
import shutil
import time
from pathlib import Path

from launch.commands import apt_command, apt_install, apt_knows, apt_refresh, may_install, run_logged
from launch.engine import DEFAULT_SOCKET, Engine, NoEngine, describe_builder, engine_address, look_for_engine
from launch.places import Places
from launch.say import say, stop
from launch.supervise import Child

START_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.1
# Since trixie the client and buildx are packages of their own.
ENGINE_PACKAGES = ("docker.io", "iptables")
ENGINE_PACKAGES_WHERE_KNOWN = ("docker-cli", "docker-buildx")


def ensure_engine(places: Places) -> Child | None:
    """An engine that answers, or one about to: the child to start is returned, None when nothing is to be started.

    Stops with a sentence when the person has to act first.
    """
    found = look_for_engine()
    if isinstance(found, Engine):
        say_engine(found)
        return None
    if found.address != DEFAULT_SOCKET or "refuses" in found.reason:
        stop(f"Engine: no container engine at {found.address}: {found.reason}.")
    _ensure_installed(places, found)
    if Path("/run/systemd/system").is_dir():
        _start_by_systemd(places)
        return None
    return _own_engine(places)


def say_engine(engine: Engine) -> None:
    say("Engine", engine.described())
    say("", f"builds with {describe_builder()}")


def wait_for_engine(seconds: float = START_SECONDS) -> Engine | NoEngine:
    """Look until the engine answers or the time is over."""
    end = time.monotonic() + seconds
    found = look_for_engine()
    while isinstance(found, NoEngine) and time.monotonic() < end:
        time.sleep(LOOK_AGAIN_SECONDS)
        found = look_for_engine()
    return found


def _ensure_installed(places: Places, found: NoEngine) -> None:
    if shutil.which("dockerd") and shutil.which("iptables"):
        if os.geteuid() != 0 and not Path("/run/systemd/system").is_dir():
            stop("Engine: Docker is installed but does not run, and only root may start it (`dockerd`).")
        return
    if not may_install():
        stop(
            f"Engine: no container engine at {found.address}: {found.reason}. Install one "
            f"(as root: {apt_command(ENGINE_PACKAGES)}), or set DOCKER_HOST to one that runs."
        )
    log = places.logs / "setup.log"
    apt_refresh(log=log)
    more = [package for package in ENGINE_PACKAGES_WHERE_KNOWN if apt_knows(package)]
    apt_install("Engine", [*ENGINE_PACKAGES, *more], log=log)


def _start_by_systemd(places: Places) -> None:
    if os.geteuid() != 0:
        stop("Engine: Docker is installed but does not run. Start it (as root: systemctl start docker).")
    say("Engine", "starting docker by systemd …")
    run_logged("Engine", ["systemctl", "start", "docker"], log=places.logs / "setup.log")
    found = wait_for_engine()
    if isinstance(found, NoEngine):
        stop(f"Engine: docker was started but {found.reason}. See `journalctl -u docker`.")
    say_engine(found)


def _own_engine(places: Places) -> Child:
    """dockerd as our own child. With live-restore the containers outlive it, as they outlive every worker."""
    record = places.run / "dockerd.pid"
    record.unlink(missing_ok=True)
    say("Engine", f"starting dockerd (its log: {places.logs / 'engine.log'}) …")
    return Child(
        name="engine",
        command=("dockerd", "--live-restore", "--host", engine_address(), "--pidfile", str(record)),
        env=dict(os.environ),
        stop_rank=3,
        stop_seconds=20,
        owns_group=False,
    )
