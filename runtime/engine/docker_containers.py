"""Containers in the engine's JSON: the body of a create call, and the reading of an inspection.

Pure. `create_body` is the whole of what can be asked of the engine; there is no pass-through.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from runtime.contract.container import Health
from runtime.contract.reports import BoundPort
from runtime.engine.docker_isolation import effective, isolated, secret_mounts
from runtime.engine.frames import parse_time
from runtime.engine.values import Container, ContainerPlan, EngineHealth, FileKind, FileStat

LOG_MAX_SIZE = "20m"
LOG_MAX_FILES = "5"
NANOSECONDS = 1_000_000_000

# The bits by which Go's os.FileMode tells what is no plain file.
_FILE_KINDS: tuple[tuple[int, FileKind], ...] = (
    (1 << 31, "directory"),
    (1 << 27, "link"),
    (1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19, "other"),
)
_HEALTH: dict[str, EngineHealth] = {
    "starting": "starting",
    "healthy": "healthy",
    "unhealthy": "unhealthy",
}


def create_body(plan: ContainerPlan, *, publish_address: str, disk: str | None = None) -> dict[str, Any]:
    """The create call's body for `plan`; ports are published on `publish_address` only. `disk` is the device that the
    engine keeps its data on. BadRequest for what no container is given.
    """
    spec = plan.spec
    body: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{name}={value}" for name, value in sorted(plan.variables.items())],
        "Labels": dict(plan.labels),
        "ExposedPorts": {f"{port.container}/{port.protocol}": {} for port in spec.ports},
        "StopTimeout": spec.stop_timeout,
        "HostConfig": _host_config(plan, publish_address, disk),
        "NetworkingConfig": {"EndpointsConfig": {plan.network: {"Aliases": [plan.alias]}}},
    }
    if spec.isolation is not None and spec.isolation.user:
        body["User"] = spec.isolation.user
    if spec.command:
        body["Cmd"] = list(spec.command)
    if healthcheck := _healthcheck(spec.health):
        body["Healthcheck"] = healthcheck
    return body


def read_container(answer: Mapping[str, Any]) -> Container:
    """A container as the engine's inspection shows it."""
    state = answer["State"]
    over = state["Status"] in ("exited", "dead", "restarting") and parse_time(state["FinishedAt"]) is not None
    health = (state.get("Health") or {}).get("Status", "")
    return Container(
        container_id=answer["Id"],
        name=answer["Name"].removeprefix("/"),
        image_id=answer["Image"],
        labels=answer["Config"].get("Labels") or {},
        status=state["Status"],
        health=_HEALTH.get(health, "none"),
        exit_code=state["ExitCode"] if over else None,
        oom_killed=bool(state.get("OOMKilled")),
        restarts=int(answer.get("RestartCount", 0)),
        started_ns=parse_time(state["StartedAt"]),
        finished_ns=parse_time(state["FinishedAt"]),
        address=_address(answer["NetworkSettings"]),
        ports=_ports(answer["NetworkSettings"].get("Ports") or {}),
        message=str(state.get("Error") or ""),
        effective=effective(answer),
    )


def read_stat(header: str) -> FileStat:
    """What the engine says of one path, in a header of its answer."""
    told = json.loads(base64.b64decode(header))
    kinds: list[FileKind] = [kind for bit, kind in _FILE_KINDS if int(told["mode"]) & bit]
    kind = kinds[0] if kinds else "file"
    return FileStat(kind=kind, size=int(told["size"]) if kind == "file" else 0)


def _host_config(plan: ContainerPlan, publish_address: str, disk: str | None) -> dict[str, Any]:
    spec = plan.spec
    restart: dict[str, Any] = {"Name": spec.restart.policy}
    if spec.restart.policy == "on-failure":
        restart["MaximumRetryCount"] = spec.restart.retries
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in spec.ports:
        binding = {"HostIp": publish_address, "HostPort": str(port.host or "")}
        bindings.setdefault(f"{port.container}/{port.protocol}", []).append(binding)
    asked: dict[str, Any] = {
        "NetworkMode": plan.network,
        "PortBindings": bindings,
        "RestartPolicy": restart,
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": LOG_MAX_SIZE, "max-file": LOG_MAX_FILES},
        },
        **isolated(spec, disk=disk),
    }
    volumes = [
        {"Type": "volume", "Source": plan.volumes[mount.name], "Target": mount.path, "ReadOnly": mount.read_only}
        for mount in spec.volumes
    ]
    if mounts := volumes + secret_mounts(plan.secrets):
        asked["Mounts"] = mounts
    return asked


def _healthcheck(health: Health) -> dict[str, Any] | None:
    """The engine's own check for `command`; None keeps the image's, and all other kinds turn it
    off.
    """
    if health.kind == "image":
        return None
    if health.kind != "command":
        return {"Test": ["NONE"]}
    return {
        "Test": ["CMD", *health.command],
        "Interval": int(health.interval * NANOSECONDS),
        "Timeout": int(health.timeout * NANOSECONDS),
        "StartPeriod": int(health.grace * NANOSECONDS),
        "Retries": health.retries,
    }


def _address(settings: Mapping[str, Any]) -> str | None:
    for network in (settings.get("Networks") or {}).values():
        if network.get("IPAddress"):
            return str(network["IPAddress"])
    return None


def _ports(ports: Mapping[str, Any]) -> tuple[BoundPort, ...]:
    bound: list[BoundPort] = []
    for name, bindings in ports.items():
        container, _, protocol = name.partition("/")
        bound += [
            BoundPort(
                container=int(container),
                host=int(binding["HostPort"]),
                address=binding["HostIp"],
                protocol=protocol,
            )
            for binding in bindings or ()
        ]
    return tuple(sorted(bound, key=lambda port: (port.container, port.protocol, port.host)))
