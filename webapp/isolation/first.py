"""The profiles that every installation begins with. Docs: docs/decisions/0007-isolation-profiles.md."""

from typing import Any

from runtime.contract.isolation import ENGINES_OWN

MEGABYTE = 1024**2

STANDARD: dict[str, Any] = {
    "slug": "standard",
    "title": "Standard",
    "is_default": True,
    "sets": {
        # What ordinary images need that begin as root, give their folders away and go on as somebody else.
        "capabilities": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"],
        "no_new_privileges": True,
        "read_only": False,
        "tmpfs": [],
        "user": "",
        "runtime": "",
    },
    "allows": {
        # All that an engine gives by itself: what ran before there were profiles can be asked for.
        "capabilities": sorted(ENGINES_OWN),
        "new_privileges": False,
        "writable_root": True,
        "root": True,
        "tmpfs": 1024 * MEGABYTE,
        "runtimes": ["crun", "runc", "runsc"],
    },
    "ceilings": {"nofile": 16384},
}
HARDENED: dict[str, Any] = {
    "slug": "hardened",
    "title": "Hardened: no root, nothing written but memory",
    "is_default": False,
    "sets": {
        "capabilities": [],
        "no_new_privileges": True,
        "read_only": True,
        "tmpfs": [{"path": "/tmp", "size": 64 * MEGABYTE}],  # noqa: S108 (a folder in the container)
        "user": "65534:65534",
        "runtime": "",
    },
    "allows": {
        "capabilities": ["NET_BIND_SERVICE"],
        "new_privileges": False,
        "writable_root": False,
        "root": False,
        "tmpfs": 512 * MEGABYTE,
        "runtimes": ["crun", "runc", "runsc"],
    },
    "ceilings": {"nofile": 4096},
}
FIRST = (STANDARD, HARDENED)
