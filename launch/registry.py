"""Slipway's own registry: the distribution's docker-registry, kept beside the web server when it is asked for."""

import os
import shutil
import socket
import sys
from contextlib import suppress

from launch.commands import apt_install
from launch.keep_registry import STOP_SECONDS
from launch.places import Places
from launch.say import say, stop
from launch.supervise import Child

REGISTRY = "/usr/bin/docker-registry"
PACKAGE = "docker-registry"
SETTING = "SLIPWAY_REGISTRY"
DEFAULT_ADDRESS = "127.0.0.1:5050"  # not 5000, where the package's own service listens
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HIGHEST_PORT = 65535
SPARE_SECONDS = 5.0


def registry_address(asked: str | None) -> str:
    """Where it shall be: what was asked for, else what the setting says; empty for no registry. Stops for nonsense."""
    address = (asked or os.environ.get(SETTING, "")).lower()
    if not address:
        return ""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 1 <= int(port) <= HIGHEST_PORT:
        stop(f"Registry: {address} is no address. Give host and port, such as {DEFAULT_ADDRESS}.")
    if host not in LOOPBACK and not os.environ.get("SLIPWAY_REGISTRY_CERTIFICATE"):
        stop(
            f"Registry: at {host} hosts reach it by TLS only. Set SLIPWAY_REGISTRY_CERTIFICATE and "
            f"SLIPWAY_REGISTRY_KEY to the files of a certificate for {host} (docs/operation.md), or keep to "
            f"{DEFAULT_ADDRESS}."
        )
    return address


def ensure_registry(here: Places, address: str) -> None:
    """The program is there, and the address is free."""
    if not address:
        return
    if not shutil.which(PACKAGE) and not os.path.exists(REGISTRY):
        apt_install("Registry", [PACKAGE], log=here.logs / "setup.log")
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=1.0):
        stop(
            f"Registry: something listens at {address} already. Stop it, or give another address: --registry HOST:PORT."
        )


def own_registry(configuration: str) -> Child:
    """Its process. It gets none of Slipway's settings: all that it needs stands in its configuration."""
    program = shutil.which(PACKAGE) or REGISTRY
    command = (sys.executable, "-m", "launch.keep_registry", program, configuration)
    env = {"PATH": os.defpath, "OTEL_TRACES_EXPORTER": "none"}
    return Child("registry", command, env, stop_seconds=STOP_SECONDS + SPARE_SECONDS)


def say_registry(address: str) -> None:
    """Where it is."""
    say("Registry", f"Slipway's own at {address}")
