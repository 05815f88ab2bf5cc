"""A container's isolation in the engine's JSON: what is asked for, and what an inspection shows of it. Pure."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.contract.container import SECRETS_FOLDER, ContainerSpec, Limits
from runtime.contract.isolation import ADDABLE, ENGINES_OWN, Isolation, Tmpfs
from runtime.contract.link import Effective
from runtime.engine.errors import BadRequest

NANO_CPUS = 1_000_000_000
NO_NEW_PRIVILEGES = "no-new-privileges"
TMPFS_OPTIONS = "rw,nosuid,nodev,noexec,mode=1777"
_TMPFS_UNSAFE = re.compile(r"[,:\s]")


def isolated(spec: ContainerSpec, *, disk: str | None) -> dict[str, Any]:
    """Members of HostConfig. `disk` is the device that the engine keeps its data on. BadRequest."""
    return _limits(spec.limits, disk) | _isolation(spec.isolation)


def secret_mounts(folder: Path | None) -> list[dict[str, Any]]:
    """The folder that this host made for the container's secrets, to be read alone; the one path of the host that a
    container is ever given. No order names it.
    """
    if folder is None:
        return []
    return [{"Type": "bind", "Source": str(folder), "Target": SECRETS_FOLDER, "ReadOnly": True}]


def effective(answer: Mapping[str, Any]) -> Effective:
    """What the container of this inspection really is."""
    host, config = answer["HostConfig"], answer["Config"]
    options = [str(option) for option in host.get("SecurityOpt") or ()]
    nofile = [entry["Hard"] for entry in host.get("Ulimits") or () if entry["Name"] == "nofile"]
    memory, swap = int(host.get("Memory") or 0), int(host.get("MemorySwap") or 0)
    return Effective(
        capabilities=_capabilities(host),
        privileged=bool(host.get("Privileged")),
        no_new_privileges=any(one.partition(":")[0].partition("=")[0] == NO_NEW_PRIVILEGES for one in options),
        seccomp=next((one.partition("=")[2][:40] for one in options if one.startswith("seccomp=")), ""),
        read_only=bool(host.get("ReadonlyRootfs")),
        tmpfs={str(path): str(how) for path, how in (host.get("Tmpfs") or {}).items()},
        user=str(config.get("User") or ""),
        runtime=str(host.get("Runtime") or ""),
        memory=memory,
        swap=-1 if swap < 0 else max(swap - memory, 0),
        cpus=int(host.get("NanoCpus") or 0) / NANO_CPUS,
        pids=int(host.get("PidsLimit") or 0),
        nofile=int(nofile[0]) if nofile else 0,
        io_weight=int(host.get("BlkioWeight") or 0),
        read_bps=_rate(host.get("BlkioDeviceReadBps")),
        write_bps=_rate(host.get("BlkioDeviceWriteBps")),
    )


def _limits(limits: Limits, disk: str | None) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "NanoCpus": int(limits.cpus * NANO_CPUS),
        "PidsLimit": limits.pids,
    }
    if limits.nofile is not None:
        asked["Ulimits"] = [{"Name": "nofile", "Soft": limits.nofile, "Hard": limits.nofile}]
    if limits.io_weight is not None:
        asked["BlkioWeight"] = limits.io_weight
    for name, rate in (("BlkioDeviceReadBps", limits.read_bps), ("BlkioDeviceWriteBps", limits.write_bps)):
        if rate is not None:
            if disk is None:
                raise BadRequest("this host cannot bound how much a container reads or writes: no disk of its own")
            asked[name] = [{"Path": disk, "Rate": rate}]
    return asked


def _isolation(isolation: Isolation | None) -> dict[str, Any]:
    if isolation is None:
        return {"SecurityOpt": [NO_NEW_PRIVILEGES]}
    beyond = sorted(set(isolation.capabilities) - ADDABLE)
    if beyond:
        raise BadRequest(f"no container is given these capabilities: {', '.join(beyond)}")
    asked: dict[str, Any] = {
        "CapDrop": ["ALL"],
        "CapAdd": sorted(isolation.capabilities),
        "SecurityOpt": [NO_NEW_PRIVILEGES] if isolation.no_new_privileges else [],
        "ReadonlyRootfs": isolation.read_only,
        "Tmpfs": {mount.path: _tmpfs(mount) for mount in isolation.tmpfs},
    }
    if isolation.runtime:
        asked["Runtime"] = isolation.runtime
    return asked


def _tmpfs(mount: Tmpfs) -> str:
    if not mount.path.startswith("/") or _TMPFS_UNSAFE.search(mount.path):
        raise BadRequest(f"no folder in memory can be at {mount.path!r}")
    return f"{TMPFS_OPTIONS},size={mount.size}"


def _capabilities(host: Mapping[str, Any]) -> tuple[str, ...]:
    """The engine's own list, or none, less what is dropped, and what is added."""
    added, dropped = _names(host.get("CapAdd")), _names(host.get("CapDrop"))
    if "ALL" in added:
        return ("ALL",)
    own = frozenset() if "ALL" in dropped else ENGINES_OWN - dropped
    return tuple(sorted(own | added))


def _names(listed: Any) -> frozenset[str]:
    return frozenset(str(name).upper().removeprefix("CAP_") for name in listed or ())


def _rate(throttles: Any) -> int:
    return min((int(one["Rate"]) for one in throttles or ()), default=0)
