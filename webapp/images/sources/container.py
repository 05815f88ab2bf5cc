"""The files of a container that runs: kept as an image by the host where it is."""

from collections.abc import Mapping
from typing import Any

from runtime.contract import names
from runtime.contract.orders import CommitContainer
from webapp.findings import Findings
from webapp.images.sources.building import Asked

MAX_AUTHOR = 200
MAX_MESSAGE = 500
COUNTS = ("added", "changed", "deleted")
MAX_COUNT = 2**31 - 1

_ID: dict[str, Any] = {"type": "string", "pattern": f"^{names.ID.pattern}$"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "replica"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "container"},
        "replica": {**_ID, "description": "Whose container is kept; its environment must be one you may enter."},
        "container": {
            "type": "string",
            "pattern": f"^{names.CONTAINER.pattern}$",
            "description": "Its full ID: this container and no later one of the replica.",
        },
        "base": {**_ID, "description": "The build that it runs."},
        "author": {"type": "string", "maxLength": MAX_AUTHOR},
        "message": {"type": "string", "maxLength": MAX_MESSAGE, "description": "Stays readable in the image."},
        "summary": {
            "type": "object",
            "required": list(COUNTS),
            "additionalProperties": False,
            "properties": {name: {"type": "integer", "minimum": 0, "maximum": MAX_COUNT} for name in COUNTS},
            "description": "How many paths were not as in its image when somebody looked last.",
        },
    },
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept; what is wrong is noted by field."""
    if dockerfile_in_build is not None:
        findings.add("build.dockerfile", "An image of a container has no Dockerfile.")
    given = findings.known(source, "source", tuple(SCHEMA["properties"]))
    clean: dict[str, Any] = {
        "kind": "container",
        "replica": _id(findings, given, "replica"),
        "author": _line(findings, given, "author", MAX_AUTHOR),
        "message": _line(findings, given, "message", MAX_MESSAGE),
    }
    if given.get("base"):
        clean["base"] = _id(findings, given, "base")
    if given.get("container"):
        clean["container"] = findings.text(given["container"], "source.container", limit=64)
        if not names.CONTAINER.fullmatch(clean["container"]):
            findings.add("source.container", "The full ID of a container: 64 digits from 0 to f.")
    if "summary" in given:
        clean["summary"] = _summary(findings, given["summary"])
    return clean


def line(source: Mapping[str, Any]) -> str:
    """For a list."""
    return "files of a replica"


def order(asked: Asked) -> CommitContainer:
    """The order to the host where the container is."""
    if asked.found is None:
        raise TypeError("whoever asks for an image of a container finds it first")
    return CommitContainer(
        build=asked.build,
        number=asked.number,
        tag=asked.tag,
        container=asked.found.container,
        expected=dict(asked.found.labels),
        author=asked.source["author"],
        message=asked.source["message"],
        labels=asked.labels,
        timeout=asked.settings["timeout"],
    )


def _id(findings: Findings, given: Mapping[str, object], name: str) -> str:
    text = findings.text(given.get(name), f"source.{name}", limit=26)
    if text and not names.ID.fullmatch(text):
        findings.add(f"source.{name}", "This is no id.")
    return text


def _line(findings: Findings, given: Mapping[str, object], name: str, limit: int) -> str:
    text = findings.text(given.get(name, ""), f"source.{name}", limit=limit, empty=True).strip()
    if any(not character.isprintable() for character in text):
        findings.add(f"source.{name}", "One line, without invisible characters.")
    return text


def _summary(findings: Findings, value: object) -> dict[str, int]:
    given = findings.known(value, "source.summary", COUNTS)
    return {name: findings.whole(given.get(name), f"source.summary.{name}", low=0, high=MAX_COUNT) for name in COUNTS}
