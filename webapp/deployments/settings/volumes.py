"""Named volumes of a service: what outlives its containers, and where a container finds it."""

from typing import Any, ClassVar

from django import forms

from runtime.contract.container import SECRETS_FOLDER
from webapp import writing
from webapp.deployments.settings.aspect import Values
from webapp.deployments.settings.sections import WHAT_RUNS
from webapp.deployments.settings.texts import LONG, Listed
from webapp.findings import Findings
from webapp.page import code_box

MAX_VOLUMES = 10
MAX_PATH = 500
MEMBERS = ("name", "path", "read_only", "shared")
# What the engine and Slipway themselves put into a container.
TAKEN = ("/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", SECRETS_FOLDER)


class Volumes(Listed):
    """Each replica has its own volume of a name, unless it is shared: then the environment has one for all who name it.

    Of a volume nothing else can be said: no driver, no options, no folder of a host.
    """

    name = "volumes"
    default: ClassVar[list[dict[str, Any]]] = []
    always = False
    section = WHAT_RUNS
    carries = {"volumes": "volumes"}
    read, write = writing.volumes, writing.volumes_text
    hint_there = "One a line; none: no volumes here."
    schema = {
        "type": "array",
        "maxItems": MAX_VOLUMES,
        "items": {
            "type": "object",
            "required": ["name", "path"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"},
                "path": {"type": "string", "pattern": "^/", "description": "Where a container finds it."},
                "read_only": {"type": "boolean", "default": False},
                "shared": {
                    "type": "boolean",
                    "default": False,
                    "description": "One for all replicas of all services of the environment that name it so.",
                },
            },
        },
    }

    def clean(self, findings: Findings, value: object, at: str) -> list[dict[str, Any]]:
        if not isinstance(value, list) or len(value) > MAX_VOLUMES:
            findings.add(at, f"A list of at most {MAX_VOLUMES} volumes.")
            return []
        volumes = [_volume(findings, volume, f"{at}.{number}") for number, volume in enumerate(value)]
        for member in ("name", "path"):
            said = [volume[member] for volume in volumes if volume[member]]
            if len(set(said)) < len(said):
                findings.add(at, f"A {member} is given once.")
        return volumes

    def boxes(self) -> dict[str, forms.Field]:
        hint = "One a line: data:/var/lib/app, with :ro (only read) and :shared (one for all replicas) at its end."
        return {
            "volumes": forms.CharField(
                required=False, widget=code_box(2), max_length=LONG, label="Volumes", help_text=hint
            )
        }

    def carried(self, given: Values, former: Any) -> list[Any] | None:
        return writing.volumes(given["volumes"]) if given["volumes"].strip() else None


def _volume(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, MEMBERS)
    return {
        "name": findings.slug(given.get("name"), f"{at}.name"),
        "path": _path(findings, given.get("path"), f"{at}.path"),
        "read_only": findings.flag(given.get("read_only", False), f"{at}.read_only"),
        "shared": findings.flag(given.get("shared", False), f"{at}.shared"),
    }


def _path(findings: Findings, value: object, at: str) -> str:
    """An absolute path in a container that is nothing the engine itself mounts."""
    path = findings.text(value, at, limit=MAX_PATH)
    parts = path.split("/")
    plain = path.startswith("/") and path.isprintable() and ":" not in path and "\\" not in path
    if path and not (plain and all(part not in ("", ".", "..") for part in parts[1:])):
        findings.add(at, "An absolute path such as /var/lib/app, without empty parts, . or .. in it.")
    elif any(path == taken or path.startswith(f"{taken}/") for taken in TAKEN):
        findings.add(at, "This place is the engine's or Slipway's own.")
    return path
