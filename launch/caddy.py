"""Caddy, the edge proxy of a host: installed where that is allowed, and the ports at which it listens."""

import errno
import shutil
import socket
from collections.abc import Collection, Mapping
from pathlib import Path

from launch.commands import answer_of, apt_command, apt_install, may_install
from launch.places import Places
from launch.say import say

PROGRAM = "caddy"
PACKAGE = "caddy"
SETTING = "SLIPWAY_EDGE"
ADDRESS_SETTING = "SLIPWAY_EDGE_ADDRESS"
PUBLISH_SETTING = "SLIPWAY_PUBLISH_ADDRESS"
OFF = "off"
LOOPBACK = "127.0.0.1"
PORTS = ((80, 443), (8080, 8443))  # HTTP and HTTPS; the first pair that is free
STOP_SECONDS = 60


def ensure_edge(here: Places, settings: Mapping[str, str], *, taken: Collection[int] = ()) -> str:
    """What the worker is told of its edge: two ports, or `off`. What `settings` say stays; nothing stops a start."""
    given = settings.get(SETTING, "")
    if given == OFF:
        say("Edge", f"off, as {SETTING} says; services have no host names on this host")
        return OFF
    if not _installed(here):
        return OFF
    address = settings.get(ADDRESS_SETTING) or settings.get(PUBLISH_SETTING) or LOOPBACK
    chosen = given or _free_ports(address, taken)
    if chosen != OFF:
        http, _, https = chosen.partition(",")
        say("Edge", f"Caddy at {address}, ports {http} (HTTP) and {https} (HTTPS)")
    return chosen


def is_installed() -> bool:
    """Whether the program is here."""
    return shutil.which(PROGRAM) is not None


def _installed(here: Places) -> bool:
    if is_installed():
        return True
    if not may_install():
        say("Edge", f"off: no caddy here, without which services have no host names (as root: {_install_command()})")
        return False
    apt_install("Edge", [PACKAGE], log=here.logs / "setup.log")
    if Path("/run/systemd/system").is_dir():
        # The package starts a server of its own at port 80; ours has another configuration.
        answer_of(["systemctl", "disable", "--now", "caddy"], seconds=STOP_SECONDS)
    return True


def _install_command() -> str:
    return apt_command([PACKAGE])


def _free_ports(address: str, taken: Collection[int]) -> str:
    whys = []
    for pair in PORTS:
        reasons = [why for port in pair if (why := _why_not(address, port, taken))]
        if not reasons:
            return ",".join(str(port) for port in pair)
        whys.append(reasons[0])
    say("Edge", f"off: {'; '.join(whys)}. Choose two free ports: {SETTING}=9080,9443 bin/up")
    return OFF


def _why_not(address: str, port: int, taken: Collection[int]) -> str:
    """Why nobody of ours can listen there; empty when it is free."""
    if port in taken:
        return f"port {port} is taken by Slipway's own pages"
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as error:
            known = {errno.EADDRINUSE: "is in use by another program", errno.EACCES: "is reserved for root"}
            return f"port {port} {known.get(error.errno or 0, f'cannot be used ({error.strerror})')}"
    return ""
