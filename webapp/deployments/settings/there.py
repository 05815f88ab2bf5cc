"""What differs in one environment, as boxes of a service's form, and back: an empty box means as everywhere.

An override replaces a single setting as a whole (`validation.effective`), so what a half-filled group leaves empty is
taken from the settings of everywhere.
"""

import copy
from collections.abc import Mapping
from typing import Any

from django import forms

from webapp import writing
from webapp.deployments.settings.validation import DEFAULTS, HEALTH_KINDS, HEALTH_TIMES, RESTART_POLICIES

SETTINGS = {  # path within the settings -> its box
    "replicas": "replicas",
    "limits.memory": "memory",
    "limits.cpus": "cpus",
    "limits.pids": "pids",
    "command": "command",
    "ports": "ports",
    "variables": "variables",
    "health": "health_kind",
    "health.kind": "health_kind",
    "health.port": "health_port",
    "health.path": "health_path",
    "health.command": "health_command",
    "restart": "restart",
    "restart.policy": "restart",
    "stop_timeout": "stop_timeout",
}
BOXES = tuple(dict.fromkeys(SETTINGS.values()))
NUMBERS = ("replicas", "stop_timeout")
LIMITS = ("memory", "cpus", "pids")
CHOICES = {"health_kind": HEALTH_KINDS, "restart": RESTART_POLICIES}
AS_ABOVE = "as above"
NONE = "none"  # typed alone: an empty list here, whatever there is everywhere
HINTS = {"command": "One word a line; none: the image's own.", "ports": "One a line; none: no ports here."}

Values = Mapping[str, Any]


def box(*, slug: str, name: str) -> str:
    """The form's name of a box of this environment; a slug has no underscore."""
    return f"{slug}__{name}"


def boxes(*, everywhere: Mapping[str, forms.Field]) -> dict[str, forms.Field]:
    """An environment's boxes by name, like those of everywhere."""
    made = {name: copy.deepcopy(everywhere[name]) for name in BOXES}
    for name, field in made.items():
        field.required, field.initial, field.help_text = False, None, HINTS.get(name, "")
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", AS_ABOVE), *((value, value) for value in CHOICES[name])]
        else:
            field.widget.attrs["placeholder"] = AS_ABOVE
        if isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 2
    return made


def shown(*, override: Values, everywhere: Values) -> dict[str, Any]:
    """What stands in the boxes."""
    health = override.get("health", {})
    values = {name: override.get(name) for name in NUMBERS}
    values |= {
        "command": _listed(override, "command", writing.words_text),
        "ports": _listed(override, "ports", writing.ports_text),
        "variables": writing.pairs_text(override.get("variables", {})),
        "health_kind": health.get("kind"),
        "health_port": health.get("port"),
        "health_path": health.get("path"),
        "health_command": writing.words_text(health.get("command", [])),
        "restart": override.get("restart", {}).get("policy"),
    }
    if "limits" in override:
        usual = {**DEFAULTS["limits"], **everywhere.get("limits", {})}
        here = {**DEFAULTS["limits"], **override["limits"]}
        own = {name: here[name] for name in LIMITS if name in override["limits"] or here[name] != usual[name]}
        values |= {**own, "memory": writing.memory_text(own.get("memory"))}
    return {name: value for name, value in values.items() if value not in (None, "")}


def carried(*, given: Values, everywhere: Values, former: Values) -> dict[str, Any]:
    """The override that the boxes say; empty when nothing differs. What has no box stays as it was `former`ly."""
    found: dict[str, Any] = {name: given[name] for name in NUMBERS if given[name] is not None}
    limits = {name: given[name] for name in LIMITS if given[name] not in (None, "")}
    if limits:
        found["limits"] = {**everywhere.get("limits", {}), **limits}
    for name, read in (("command", writing.words), ("ports", writing.ports)):
        text = given[name].strip()
        if text:
            found[name] = [] if text == NONE else read(text)
    if given["variables"].strip():
        found["variables"] = writing.pairs(given["variables"])
    if given["restart"]:
        kept = former.get("restart") or everywhere.get("restart", {})
        found["restart"] = {**kept, "policy": given["restart"]}
    health = typed_health(given)
    if health:
        found["health"] = _health(health, everywhere.get("health", {}), former.get("health", {}))
    return found


def typed_health(given: Values) -> dict[str, Any]:
    """The health check as far as its boxes are filled."""
    health: dict[str, Any] = {}
    if given["health_kind"]:
        health["kind"] = given["health_kind"]
    if given["health_port"] is not None:
        health["port"] = given["health_port"]
    if given["health_path"]:
        health["path"] = given["health_path"]
    if given["health_command"].strip():
        health["command"] = writing.words(given["health_command"])
    return health


def health_times(health: Values) -> dict[str, Any]:
    """What of a health check has no box."""
    return {name: health[name] for name in (*HEALTH_TIMES, "retries") if name in health}


def _health(typed: Values, everywhere: Values, former: Values) -> dict[str, Any]:
    same = everywhere if typed.get("kind", everywhere.get("kind")) == everywhere.get("kind") else {}
    asked = {name: same[name] for name in ("kind", "port", "path", "command") if name in same}
    return {**health_times(former or everywhere), **asked, **typed}


def _listed(override: Values, name: str, write: Any) -> str:
    if name not in override:
        return ""
    text = str(write(override[name]))
    return f'"{NONE}"' if text == NONE else text or NONE
