"""An image that was saved as an archive (`docker save`, or an OCI layout) and uploaded to the project."""

from collections.abc import Mapping
from typing import Any

from runtime.contract.orders import LoadImage
from runtime.contract.source import SavedSource
from webapp.findings import Findings
from webapp.images.sources import uploaded
from webapp.images.sources.building import Asked
from webapp.problems import Invalid
from webapp.teams.models import Project

FORMATS = ("tar", "tar.gz")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "upload"],
    "additionalProperties": False,
    "properties": {"kind": {"const": "saved"}, **uploaded.PROPERTIES},
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept, but for what its upload says; what is wrong is noted by field."""
    if dockerfile_in_build is not None:
        findings.add("build.dockerfile", "An image that was saved has no Dockerfile.")
    given = findings.known(source, "source", tuple(SCHEMA["properties"]))
    return {"kind": "saved", **uploaded.cleaned(findings, given)}


def line(source: Mapping[str, Any]) -> str:
    """For a list."""
    return f"saved image {source.get('name') or ''}".strip()


def settle(project: Project, source: dict[str, Any]) -> dict[str, Any]:
    """Completed with what the project's upload is. Raises `Missing`, `Conflicting`, `Invalid`: no image is a zip."""
    found = uploaded.settle(project, source)
    if found["format"] not in FORMATS:
        raise Invalid({"source.upload": ["A saved image is a tar or tar.gz, as docker save writes it."]})
    return found


def order(asked: Asked) -> LoadImage:
    """The order to take it in. Raises `Conflicting` when the bytes are gone; else they stay until it ends."""
    uploaded.hold(asked)
    source = asked.source
    return LoadImage(
        build=asked.build,
        number=asked.number,
        tag=asked.tag,
        source=SavedSource(digest=source["digest"], size=source["size"], format=source["format"]),
        timeout=asked.settings["timeout"],
    )
