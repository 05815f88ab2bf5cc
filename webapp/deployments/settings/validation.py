"""The one validator of how a service runs: its settings, each override, every way in.

What is not named here cannot be asked for: no privileges, no capabilities, no paths of the host, no pass-through.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from webapp.findings import Findings

MEMORY_LOW = 6 * 1024**2  # the engine's own minimum
MEMORY_HIGH = 256 * 1024**3
CPUS_LOW, CPUS_HIGH = 0.01, 256.0
PIDS_LOW, PIDS_HIGH = 1, 32768
MAX_REPLICAS = 100
MAX_PORTS = 20
LOWEST_HOST_PORT = 1024
HIGHEST_PORT = 65535
MAX_HTTP_PATH = 1000
LONGEST_STOP = 300
MAX_OVERRIDES = 50

FIELDS = ("command", "ports", "health", "limits", "restart", "replicas", "variables", "stop_timeout")
PROTOCOLS = ("tcp", "udp")
HEALTH_KINDS = ("none", "image", "tcp", "http", "command")
RESTART_POLICIES = ("unless-stopped", "on-failure", "no")
HEALTH_TIMES: Mapping[str, tuple[float, float]] = {  # seconds, lowest and highest
    "interval": (0.1, 300.0),
    "timeout": (0.1, 120.0),
    "grace": (0.0, 600.0),
    "deadline": (1.0, 1800.0),
    "minimum_healthy": (0.0, 300.0),
}
DEFAULTS: Mapping[str, Any] = {
    "command": [],
    "ports": [],
    "health": {"kind": "none"},
    "limits": {"memory": 512 * 1024**2, "cpus": 1.0, "pids": 256},
    "restart": {"policy": "unless-stopped", "retries": 3},
    "replicas": 1,
    "variables": {},
    "stop_timeout": 10,
}
_MEMORY = re.compile(r"(\d{1,15})\s*(|b|k|kb|kib|m|mb|mib|g|gb|gib)", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_HTTP_PATH = re.compile(r"/[\x21-\x7e]*")


def clean_settings(value: object) -> dict[str, Any]:
    """Settings as the models keep them: only what was given, normalised. Raises `Invalid` by field."""
    findings = Findings()
    clean = _settings(findings, value, "settings")
    findings.settle()
    return clean


def clean_overrides(value: object, *, environments: frozenset[str]) -> dict[str, Any]:
    """Settings that differ, by environment slug. Raises `Invalid`, also for an environment that is not there."""
    findings = Findings()
    if not isinstance(value, Mapping) or len(value) > MAX_OVERRIDES:
        findings.add("overrides", f"An object of at most {MAX_OVERRIDES} environments.")
        value = {}
    clean = {}
    for slug, settings in value.items():
        if slug not in environments:
            findings.add("overrides", "There is no such environment in this project.")
            continue
        clean[str(slug)] = _settings(findings, settings, f"overrides.{slug}")
    findings.settle()
    return clean


def clean_replicas(value: object) -> int:
    """How many copies. Raises `Invalid`."""
    findings = Findings()
    count = findings.whole(value, "replicas", low=1, high=MAX_REPLICAS)
    findings.settle()
    return count


def effective(settings: Mapping[str, Any], overrides: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """All settings in one environment: an override replaces a single setting; variables are joined by name."""
    there = overrides.get(environment, {})
    merged = {**DEFAULTS, **settings, **there}
    merged["limits"] = {**DEFAULTS["limits"], **merged["limits"]}
    merged["restart"] = {**DEFAULTS["restart"], **merged["restart"]}
    merged["variables"] = {**settings.get("variables", {}), **there.get("variables", {})}
    return merged


def _settings(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, FIELDS)
    checks: dict[str, Callable[[object, str], Any]] = {
        "command": findings.words,
        "ports": lambda found, field: _ports(findings, found, field),
        "health": lambda found, field: _health(findings, found, field),
        "limits": lambda found, field: _limits(findings, found, field),
        "restart": lambda found, field: _restart(findings, found, field),
        "replicas": lambda found, field: findings.whole(found, field, low=1, high=MAX_REPLICAS),
        "variables": findings.variables,
        "stop_timeout": lambda found, field: findings.whole(found, field, low=0, high=LONGEST_STOP),
    }
    return {name: checks[name](given[name], f"{at}.{name}") for name in FIELDS if name in given}


def _ports(findings: Findings, value: object, at: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MAX_PORTS:
        findings.add(at, f"A list of at most {MAX_PORTS} ports.")
        return []
    ports = [_port(findings, port, f"{at}.{number}") for number, port in enumerate(value)]
    inside = [(port["container"], port["protocol"]) for port in ports]
    outside = [(port["host"], port["protocol"]) for port in ports if port["host"] is not None]
    if len(set(inside)) < len(inside):
        findings.add(at, "A container's port is published once.")
    if len(set(outside)) < len(outside):
        findings.add(at, "A host's port is given once.")
    return ports


def _port(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, ("container", "host", "protocol"))
    host = given.get("host")
    return {
        "container": findings.whole(given.get("container"), f"{at}.container", low=1, high=HIGHEST_PORT),
        "host": None if host is None else findings.whole(host, f"{at}.host", low=LOWEST_HOST_PORT, high=HIGHEST_PORT),
        "protocol": findings.choice(given.get("protocol", "tcp"), f"{at}.protocol", PROTOCOLS),
    }


def _health(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, ("kind", "port", "path", "command", "retries", *HEALTH_TIMES))
    kind = findings.choice(given.get("kind"), f"{at}.kind", HEALTH_KINDS)
    clean: dict[str, Any] = {"kind": kind}
    if kind in ("tcp", "http"):
        clean["port"] = findings.whole(given.get("port"), f"{at}.port", low=1, high=HIGHEST_PORT)
    elif given.get("port") is not None:
        findings.add(f"{at}.port", "Only tcp and http checks have a port.")
    if kind == "http":
        clean["path"] = _http_path(findings, given.get("path", "/"), f"{at}.path")
    elif given.get("path") not in (None, "/"):
        findings.add(f"{at}.path", "Only http checks have a path.")
    if kind == "command":
        clean["command"] = findings.words(given.get("command"), f"{at}.command")
        if not clean["command"]:
            findings.add(f"{at}.command", "The command that proves the health, as a list of words.")
    elif given.get("command"):
        findings.add(f"{at}.command", "Only command checks have a command.")
    if "retries" in given:
        clean["retries"] = findings.whole(given["retries"], f"{at}.retries", low=1, high=100)
    for name, (low, high) in HEALTH_TIMES.items():
        if name in given:
            clean[name] = findings.number(given[name], f"{at}.{name}", low=low, high=high)
    return clean


def _http_path(findings: Findings, value: object, at: str) -> str:
    path = findings.text(value, at, limit=MAX_HTTP_PATH)
    if path and not _HTTP_PATH.fullmatch(path):
        findings.add(at, "A path such as /healthz, without spaces.")
    return path


def _limits(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, ("memory", "cpus", "pids"))
    clean: dict[str, Any] = {}
    if "memory" in given:
        clean["memory"] = _memory(findings, given["memory"], f"{at}.memory")
    if "cpus" in given:
        clean["cpus"] = findings.number(given["cpus"], f"{at}.cpus", low=CPUS_LOW, high=CPUS_HIGH)
    if "pids" in given:
        clean["pids"] = findings.whole(given["pids"], f"{at}.pids", low=PIDS_LOW, high=PIDS_HIGH)
    return clean


def _memory(findings: Findings, value: object, at: str) -> int:
    """Bytes, from a number of bytes or a text such as 64m."""
    if isinstance(value, str):
        match = _MEMORY.fullmatch(value.strip())
        if match is None:
            findings.add(at, "Bytes, or a text such as 64m or 1g.")
            return MEMORY_LOW
        value = int(match[1]) * _UNITS[match[2].lower()[:1]]
    return findings.whole(value, at, low=MEMORY_LOW, high=MEMORY_HIGH)


def _restart(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, ("policy", "retries"))
    clean: dict[str, Any] = {"policy": findings.choice(given.get("policy"), f"{at}.policy", RESTART_POLICIES)}
    if "retries" in given:
        clean["retries"] = findings.whole(given["retries"], f"{at}.retries", low=0, high=100)
    return clean
