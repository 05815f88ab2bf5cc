"""An archive that was uploaded to the project. The definition keeps its digest: a build is made of those very bytes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runtime.contract.orders import ImageOrder
from webapp.findings import Findings
from webapp.images.sources import uploaded
from webapp.images.sources.building import Asked, build_order

OF_ORDER = ("kind", "digest", "size", "format", "directory", "dockerfile")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "upload"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "archive"},
        "directory": {"type": "string", "default": "."},
        "dockerfile": {"type": "string", "default": "Dockerfile"},
        **uploaded.PROPERTIES,
    },
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept, but for what its upload says; what is wrong is noted by field."""
    given = findings.known(source, "source", tuple(SCHEMA["properties"]))
    directory = given.get("directory") or "."
    named = given.get("dockerfile") or dockerfile_in_build or "Dockerfile"
    if given.get("dockerfile") and dockerfile_in_build not in (None, given.get("dockerfile")):
        findings.add("build.dockerfile", "The source names another Dockerfile; say it once.")
    return {
        "kind": "archive",
        "directory": "." if directory == "." else findings.path(directory, "source.directory"),
        "dockerfile": findings.path(named, "source.dockerfile"),
        **uploaded.cleaned(findings, given),
    }


def line(source: Mapping[str, Any]) -> str:
    """For a list."""
    return f"archive {source.get('name') or ''}".strip()


def order(asked: Asked) -> ImageOrder:
    """The order to fetch and unpack it. Raises `Conflicting` when the bytes are gone; else they stay until it ends."""
    uploaded.hold(asked)
    return build_order(replace(asked, source={name: asked.source[name] for name in OF_ORDER}))
