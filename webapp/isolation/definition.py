"""The one check of what a profile says."""

from collections.abc import Mapping
from typing import Any

from webapp.findings import Findings
from webapp.isolation.cleaning import CAPABILITIES, SCHEMAS, SETTABLE, TMPFS_HIGH, capabilities, runtime, settable
from webapp.isolation.rules import BEFORE, CEILINGS

MAX_RUNTIMES = 20
MAX_TITLE = 200
FLAGS = ("new_privileges", "writable_root", "root")
HIGHEST: Mapping[str, tuple[float, float]] = {  # lowest and highest of a ceiling
    "memory": (6 * 1024**2, 256 * 1024**3),
    "cpus": (0.01, 256.0),
    "pids": (1, 32768),
    "nofile": (16, 1024**2),
    "read_bps": (1024, 1024**4),
    "write_bps": (1024, 1024**4),
}
NOTHING_SET: Mapping[str, Any] = {**BEFORE, "capabilities": []}
NOTHING_ALLOWED: Mapping[str, Any] = {
    "capabilities": [],
    "new_privileges": False,
    "writable_root": True,
    "root": True,
    "tmpfs": 0,
    "runtimes": [],
}
SETS: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": SCHEMAS}
ALLOWS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "capabilities": {**CAPABILITIES, "description": "Beyond those that are set."},
        "new_privileges": {"type": "boolean", "description": "Services may turn no_new_privileges off."},
        "writable_root": {"type": "boolean", "description": "Services may turn read_only off."},
        "root": {"type": "boolean", "description": "Services may run as root, or as whom the image names."},
        "tmpfs": {"type": "integer", "minimum": 0, "maximum": TMPFS_HIGH, "description": "Bytes in all."},
        "runtimes": {"type": "array", "maxItems": MAX_RUNTIMES, "items": SCHEMAS["runtime"]},
    },
}
LIMITS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "description": "The highest limits. nofile, read_bps and write_bps hold where a service says none.",
    "properties": {
        name: {"type": "number" if name == "cpus" else "integer", "minimum": low, "maximum": high}
        for name, (low, high) in HIGHEST.items()
    },
}


def clean_title(findings: Findings, value: object) -> str:
    """A line."""
    title = findings.text(value, "title", limit=MAX_TITLE)
    if not title.isprintable() or title != title.strip():
        findings.add("title", "One line, without spaces at its ends.")
    return title


def clean_sets(findings: Findings, value: object) -> dict[str, Any]:
    """All that a container is given; what is left out is nothing."""
    given = findings.known(value, "sets", SETTABLE)
    return {**NOTHING_SET, **settable(findings, given, "sets")}


def clean_allows(findings: Findings, value: object) -> dict[str, Any]:
    """What services may ask for beyond; what is left out is as in NOTHING_ALLOWED."""
    given = findings.known(value, "allows", tuple(NOTHING_ALLOWED))
    clean: dict[str, Any] = dict(NOTHING_ALLOWED)
    if "capabilities" in given:
        clean["capabilities"] = capabilities(findings, given["capabilities"], "allows.capabilities")
    for name in FLAGS:
        if name in given:
            clean[name] = findings.flag(given[name], f"allows.{name}")
    if "tmpfs" in given:
        clean["tmpfs"] = findings.whole(given["tmpfs"], "allows.tmpfs", low=0, high=TMPFS_HIGH)
    if "runtimes" in given:
        clean["runtimes"] = _runtimes(findings, given["runtimes"])
    return clean


def clean_ceilings(findings: Findings, value: object) -> dict[str, Any]:
    """Those that are named."""
    given = findings.known(value, "ceilings", CEILINGS)
    return {name: _ceiling(findings, name, given[name]) for name in CEILINGS if name in given}


def _ceiling(findings: Findings, name: str, value: object) -> float:
    low, high = HIGHEST[name]
    if name == "cpus":
        return findings.number(value, f"ceilings.{name}", low=low, high=high)
    return findings.whole(value, f"ceilings.{name}", low=int(low), high=int(high))


def _runtimes(findings: Findings, value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_RUNTIMES:
        findings.add("allows.runtimes", f"A list of at most {MAX_RUNTIMES} names.")
        return []
    return sorted({runtime(findings, name, "allows.runtimes") for name in value})
