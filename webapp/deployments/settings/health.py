"""How a replica proves that it serves."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from webapp import writing
from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.sections import HEALTH
from webapp.deployments.settings.texts import HIGHEST_PORT, LONG, NUMBER_OF_PORT
from webapp.findings import Findings
from webapp.page import code_box

KINDS = ("none", "image", "tcp", "http", "command")
TIMES: Mapping[str, tuple[float, float]] = {  # seconds, lowest and highest
    "interval": (0.1, 300.0),
    "timeout": (0.1, 120.0),
    "grace": (0.0, 600.0),
    "deadline": (1.0, 1800.0),
    "minimum_healthy": (0.0, 300.0),
}
MAX_RETRIES = 100
MAX_HTTP_PATH = 1000
_HTTP_PATH = re.compile(r"/[\x21-\x7e]*")


class Health(Aspect):
    """The check, and its times."""

    name = "health"
    default: ClassVar[dict[str, Any]] = {"kind": "none"}
    section = HEALTH
    always = True
    carries = {
        "health": "health_kind",
        "health.kind": "health_kind",
        "health.port": "health_port",
        "health.path": "health_path",
        "health.command": "health_command",
    }
    schema = {
        "type": "object",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": {
            "kind": {"type": "string", "enum": list(KINDS)},
            "port": {**NUMBER_OF_PORT, "description": "tcp and http only, and needed there."},
            "path": {"type": "string", "pattern": r"^/[!-~]*$", "description": "http only."},
            "command": {"type": "array", "items": {"type": "string"}, "description": "command only."},
            "retries": {"type": "integer", "minimum": 1, "maximum": MAX_RETRIES},
            **{
                name: {"type": "number", "minimum": low, "maximum": high, "description": "Seconds."}
                for name, (low, high) in TIMES.items()
            },
        },
    }

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, Any]:
        given = findings.known(value, at, ("kind", "port", "path", "command", "retries", *TIMES))
        kind = findings.choice(given.get("kind"), f"{at}.kind", KINDS)
        clean: dict[str, Any] = {"kind": kind, **_asked(findings, given, kind, at)}
        if "retries" in given:
            clean["retries"] = findings.whole(given["retries"], f"{at}.retries", low=1, high=MAX_RETRIES)
        for name, (low, high) in TIMES.items():
            if name in given:
                clean[name] = findings.number(given[name], f"{at}.{name}", low=low, high=high)
        return clean

    def boxes(self) -> dict[str, forms.Field]:
        hint = "tcp and http are asked from outside, command runs inside, image is the image's own HEALTHCHECK."
        return {
            "health_kind": forms.ChoiceField(
                choices=[(kind, kind) for kind in KINDS], label="Health check", help_text=hint
            ),
            "health_port": forms.IntegerField(required=False, label="Health check: port"),
            "health_path": forms.CharField(required=False, max_length=2000, label="Health check: path of http"),
            "health_command": forms.CharField(
                required=False,
                widget=code_box(2),
                max_length=LONG,
                label="Health check: command",
                help_text="One word a line.",
            ),
        }

    def shown(self, value: Values) -> Values:
        return {
            "health_kind": value.get("kind"),
            "health_port": value.get("port"),
            "health_path": value.get("path", ""),
            "health_command": writing.words_text(value.get("command", [])),
        }

    def carried(self, given: Values, former: Any) -> dict[str, Any]:
        return {**_times(former or {}), **_typed(given)}

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> dict[str, Any] | None:
        """What a half-filled group leaves empty is as everywhere, while the kind is."""
        typed, usual = _typed(given), everywhere or {}
        if not typed:
            return None
        same = usual if typed.get("kind", usual.get("kind")) == usual.get("kind") else {}
        asked = {name: same[name] for name in ("kind", "port", "path", "command") if name in same}
        return {**_times(former or usual), **asked, **typed}


def _asked(findings: Findings, given: Mapping[str, object], kind: str, at: str) -> dict[str, Any]:
    """What this kind of check asks, and nothing that another would."""
    clean: dict[str, Any] = {}
    if kind in ("tcp", "http"):
        clean["port"] = findings.whole(given.get("port"), f"{at}.port", low=1, high=HIGHEST_PORT)
    elif given.get("port") is not None:
        findings.add(f"{at}.port", "Only tcp and http checks have a port.")
    if kind == "http":
        clean["path"] = http_path(findings, given.get("path", "/"), f"{at}.path")
    elif given.get("path") not in (None, "/"):
        findings.add(f"{at}.path", "Only http checks have a path.")
    if kind == "command":
        clean["command"] = findings.words(given.get("command"), f"{at}.command")
        if not clean["command"]:
            findings.add(f"{at}.command", "The command that proves the health, as a list of words.")
    elif given.get("command"):
        findings.add(f"{at}.command", "Only command checks have a command.")
    return clean


def http_path(findings: Findings, value: object, at: str) -> str:
    """A path as a request has it."""
    path = findings.text(value, at, limit=MAX_HTTP_PATH)
    if path and not _HTTP_PATH.fullmatch(path):
        findings.add(at, "A path such as /healthz, without spaces.")
    return path


def _typed(given: Values) -> dict[str, Any]:
    """The check as far as its boxes are filled."""
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


def _times(health: Values) -> dict[str, Any]:
    """What of a check has no box."""
    return {name: health[name] for name in (*TIMES, "retries") if name in health}
