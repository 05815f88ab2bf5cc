"""The environment of Slipway's processes: the same for bin/up, bin/manage and the children."""

import ipaddress
import os
import socket
from dataclasses import dataclass

from launch.engine import engine_address
from launch.places import ROOT, Places
from launch.private_redis import redis_url

LOOPBACK = "127.0.0.1"
SOMEWHERE_FAR = ("192.0.2.1", 9)  # a documentation address; nothing is sent to it
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
FIRST_ADMIN = ("SLIPWAY_ADMIN_USER", "SLIPWAY_ADMIN_PASSWORD")
UNCOMPILED = "PYTHONDONTWRITEBYTECODE"  # would have every process of ours compile every module anew, for seconds
CONTROL_PLANE_ONLY = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SLIPWAY_SECRET_KEY", "SLIPWAY_ENCRYPTION_KEYS")


@dataclass(frozen=True)
class Door:
    """Where the pages are served."""

    bind: str
    port: int

    @property
    def url(self) -> str:
        """The address to open on this machine."""
        shown = LOOPBACK if self._is_everywhere() else self.bind
        return f"http://{_bracketed(shown)}:{self.port}"

    def reached_at(self) -> str:
        """The address by which others reach this machine, as far as the door is open to them."""
        return address_outwards() if self._is_everywhere() else self.bind

    def names(self) -> list[str]:
        """The host names a browser may ask for; never a wildcard, which would open WebSockets to any page."""
        if not self._is_everywhere():
            return list(dict.fromkeys([*LOCAL_NAMES, _bracketed(self.bind)]))
        own = [socket.gethostname(), socket.getfqdn(), address_outwards()]
        return list(dict.fromkeys([*LOCAL_NAMES, *(_bracketed(name) for name in own)]))

    def _is_everywhere(self) -> bool:
        try:
            return ipaddress.ip_address(self.bind).is_unspecified
        except ValueError:
            return False


def tool_environment(places: Places) -> dict[str, str]:
    """For the linters and the tests: the programs of the virtual environment come first."""
    path = f"{places.python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return _without(()) | {"PATH": path}


def control_environment(places: Places, door: Door | None = None) -> dict[str, str]:
    """For the web server, the control worker and manage.py. DATABASE_URL and all SLIPWAY_ settings pass through."""
    env = _without(FIRST_ADMIN) | {
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "webapp.settings"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        "SLIPWAY_HOME": str(places.home),
        "REDIS_URL": redis_url(places),
        "DOCKER_HOST": engine_address(),
    }
    if door is not None:
        env.setdefault("SLIPWAY_ALLOWED_HOSTS", ",".join(door.names()))
        env.setdefault("SLIPWAY_URL", door.url)
    return env


def worker_environment(
    places: Places, door: Door, *, host_address: str | None = None, edge: str = "off"
) -> dict[str, str]:
    """For the worker of host `local`: what any worker host gets, and no key of the control plane."""
    published = {"SLIPWAY_PUBLISH_ADDRESS": host_address} if host_address else {}
    return _without(FIRST_ADMIN + CONTROL_PLANE_ONLY) | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis_url(places),
        "DOCKER_HOST": engine_address(),
        "SLIPWAY_URL": door.url,
        "SLIPWAY_HOST_NAME": "local",
        "SLIPWAY_HOST_CREDENTIAL_FILE": str(places.credential),
        "SLIPWAY_WORKER_HOME": str(places.worker),
        "SLIPWAY_EDGE": edge,
        **published,
    }


def _without(names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in (*names, UNCOMPILED)}


def address_outwards() -> str:
    """This machine's address on the way to others; loopback when there is no such way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE_FAR)
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
