"""JSON schemas of what `validation` checks, for the API's description."""

from collections.abc import Mapping
from typing import Any

from webapp.deployments.settings import validation as bounds

NUMBER_OF_PORT: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": bounds.HIGHEST_PORT}
PORT: dict[str, Any] = {
    "type": "object",
    "required": ["container"],
    "additionalProperties": False,
    "properties": {
        "container": NUMBER_OF_PORT,
        "host": {
            "type": ["integer", "null"],
            "minimum": bounds.LOWEST_HOST_PORT,
            "maximum": bounds.HIGHEST_PORT,
            "description": "A fixed port of the host; null lets the engine choose.",
        },
        "protocol": {"type": "string", "enum": list(bounds.PROTOCOLS), "default": "tcp"},
    },
}
HEALTH: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "additionalProperties": False,
    "properties": {
        "kind": {"type": "string", "enum": list(bounds.HEALTH_KINDS)},
        "port": {**NUMBER_OF_PORT, "description": "tcp and http only, and needed there."},
        "path": {"type": "string", "pattern": r"^/[!-~]*$", "description": "http only."},
        "command": {"type": "array", "items": {"type": "string"}, "description": "command only."},
        "retries": {"type": "integer", "minimum": 1, "maximum": 100},
        **{
            name: {"type": "number", "minimum": low, "maximum": high, "description": "Seconds."}
            for name, (low, high) in bounds.HEALTH_TIMES.items()
        },
    },
}
LIMITS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "memory": {
            "oneOf": [
                {"type": "integer", "minimum": bounds.MEMORY_LOW, "maximum": bounds.MEMORY_HIGH},
                {"type": "string", "pattern": r"^[0-9]{1,6}[mM]$"},
            ],
            "description": "Bytes, or a text such as 64m or 1g; at least 6m. Answered in bytes.",
        },
        "cpus": {"type": "number", "minimum": bounds.CPUS_LOW, "maximum": bounds.CPUS_HIGH},
        "pids": {"type": "integer", "minimum": bounds.PIDS_LOW, "maximum": bounds.PIDS_HIGH},
    },
}
RESTART: dict[str, Any] = {
    "type": "object",
    "required": ["policy"],
    "additionalProperties": False,
    "properties": {
        "policy": {"type": "string", "enum": list(bounds.RESTART_POLICIES)},
        "retries": {"type": "integer", "minimum": 0, "maximum": 100, "description": "With on-failure."},
    },
}
VARIABLES: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$"},
    "additionalProperties": {"type": "string"},
}
FIELDS: Mapping[str, dict[str, Any]] = {
    "command": {"type": "array", "items": {"type": "string"}, "maxItems": 200},
    "ports": {"type": "array", "items": PORT, "maxItems": bounds.MAX_PORTS},
    "health": HEALTH,
    "limits": LIMITS,
    "restart": RESTART,
    "replicas": {"type": "integer", "minimum": 1, "maximum": bounds.MAX_REPLICAS},
    "variables": VARIABLES,
    "stop_timeout": {"type": "integer", "minimum": 0, "maximum": bounds.LONGEST_STOP, "description": "Seconds."},
}
SETTINGS: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": dict(FIELDS)}
OVERRIDES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": SETTINGS,
    "description": "What differs, by environment slug: each replaces one setting; variables are joined by name.",
}
SECRETS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "integer"},
    "description": "Versions by name.",
}
PLAN: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "sentence", "replicas", "steps", "notes"],
    "description": "What exactly is carried out; plan_hash is the SHA-256 of it. Further members may come.",
    "properties": {
        "kind": {"type": "string"},
        "sentence": {"type": "string"},
        "replicas": {"type": "integer"},
        "stopped": {"type": "boolean"},
        "start_first": {"type": "boolean"},
        "notes": {"type": "array", "items": {"type": "string"}},
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"host": {"type": "string"}, "name": {"type": "string"}, "words": {"type": "string"}},
            },
        },
    },
}
