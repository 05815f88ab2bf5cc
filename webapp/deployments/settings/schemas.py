"""JSON schemas of services and releases, for the API's description."""

from collections.abc import Mapping
from typing import Any

from webapp.deployments.settings.aspects import ASPECTS
from webapp.deployments.settings.texts import Variables

VARIABLES: dict[str, Any] = dict(Variables.schema)
FIELDS: Mapping[str, dict[str, Any]] = {aspect.name: dict(aspect.schema) for aspect in ASPECTS}
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
        "surge": {"type": "integer", "description": "So many copies more than wanted may run meanwhile, on one host."},
        "unavailable": {"type": "integer", "description": "So many replicas may be down meanwhile, on one host."},
        "manner": {"type": "string", "description": "How the release takes over, in words."},
        "notes": {"type": "array", "items": {"type": "string"}},
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "host": {"type": "string"},
                    "name": {"type": "string"},
                    "words": {"type": "string"},
                    "until": {"type": "string", "enum": ["stopped", "proved", "done"]},
                },
            },
        },
    },
}
