"""What a service or a profile may say of isolation, checked word for word; shared by both. Nothing else has words."""

from collections.abc import Mapping
from typing import Any

from runtime.contract.isolation import ADDABLE, MAX_ID, MAX_TMPFS, RUNTIME, TMPFS_PATH, USER
from webapp.findings import Findings

TMPFS_LOW, TMPFS_HIGH = 4096, 64 * 1024**3
SETTABLE = ("capabilities", "no_new_privileges", "read_only", "tmpfs", "user", "runtime")
# Where what a container needs itself is mounted, and what the engine puts there.
TAKEN = ("/proc", "/sys", "/dev", "/run/secrets")

CAPABILITIES: dict[str, Any] = {"type": "array", "uniqueItems": True, "items": {"enum": sorted(ADDABLE)}}
TMPFS: dict[str, Any] = {
    "type": "array",
    "maxItems": MAX_TMPFS,
    "items": {
        "type": "object",
        "required": ["path", "size"],
        "additionalProperties": False,
        "properties": {
            "path": {"type": "string", "pattern": f"^{TMPFS_PATH.pattern}$"},
            "size": {"type": "integer", "minimum": TMPFS_LOW, "maximum": TMPFS_HIGH, "description": "Bytes."},
        },
    },
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "capabilities": {**CAPABILITIES, "description": "Added back after all were dropped, without CAP_."},
    "no_new_privileges": {"type": "boolean"},
    "read_only": {"type": "boolean", "description": "The root, with what is no mount of its own."},
    "tmpfs": {**TMPFS, "description": "Folders in memory, counted as memory of the container."},
    "user": {"type": "string", "maxLength": 70, "description": "uid or name, and :gid; empty: the image's own."},
    "runtime": {"type": "string", "maxLength": 40, "description": "As hosts list it; empty: each engine's own choice."},
}


def settable(findings: Findings, given: Mapping[str, object], at: str) -> dict[str, Any]:
    """Those members of `given` that say how a container is isolated, each as it is kept."""
    clean: dict[str, Any] = {}
    if "capabilities" in given:
        clean["capabilities"] = capabilities(findings, given["capabilities"], f"{at}.capabilities")
    for name in ("no_new_privileges", "read_only"):
        if name in given:
            clean[name] = findings.flag(given[name], f"{at}.{name}")
    if "tmpfs" in given:
        clean["tmpfs"] = _tmpfs(findings, given["tmpfs"], f"{at}.tmpfs")
    if "user" in given:
        clean["user"] = _user(findings, given["user"], f"{at}.user")
    if "runtime" in given:
        clean["runtime"] = runtime(findings, given["runtime"], f"{at}.runtime")
    return clean


def capabilities(findings: Findings, value: object, at: str) -> list[str]:
    """Names from the one list of what can ever be added, in order, each once."""
    if not isinstance(value, list):
        findings.add(at, "A list of capabilities, such as NET_BIND_SERVICE.")
        return []
    unknown = [name for name in value if not isinstance(name, str) or name not in ADDABLE]
    if unknown:
        findings.add(at, f"Only these can ever be added: {', '.join(sorted(ADDABLE))}.")
        return []
    return sorted(set(value))


def runtime(findings: Findings, value: object, at: str) -> str:
    """The name of a runtime as engines know it; empty is the engine's own choice."""
    name = findings.text(value, at, limit=40, empty=True)
    if name and not RUNTIME.fullmatch(name):
        findings.add(at, "The name of a runtime as the hosts list it, such as runc or runsc.")
        return ""
    return name


def total_tmpfs(mounts: list[dict[str, Any]]) -> int:
    """Bytes of all folders in memory."""
    return sum(int(mount["size"]) for mount in mounts)


def _tmpfs(findings: Findings, value: object, at: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MAX_TMPFS:
        findings.add(at, f"A list of at most {MAX_TMPFS} folders, each with path and size.")
        return []
    mounts = [_mount(findings, mount, f"{at}.{number}") for number, mount in enumerate(value)]
    if len({mount["path"] for mount in mounts}) < len(mounts):
        findings.add(at, "A folder is named once.")
    return mounts


def _mount(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, ("path", "size"))
    path = findings.text(given.get("path"), f"{at}.path", limit=200)
    if path and (not TMPFS_PATH.fullmatch(path) or any(f"{path}/".startswith(f"{taken}/") for taken in TAKEN)):
        findings.add(f"{at}.path", f"An absolute path of plain names, not below {', '.join(TAKEN)}.")
    size = findings.whole(given.get("size"), f"{at}.size", low=TMPFS_LOW, high=TMPFS_HIGH)
    return {"path": path, "size": size}


def _user(findings: Findings, value: object, at: str) -> str:
    user = findings.text(value, at, limit=70, empty=True)
    numbers = [int(part) for part in user.split(":") if part.isdecimal()]
    if user and (not USER.fullmatch(user) or any(number > MAX_ID for number in numbers)):
        findings.add(at, "A uid or a user's name, and :gid or :group, such as 1000:1000.")
        return ""
    return user
