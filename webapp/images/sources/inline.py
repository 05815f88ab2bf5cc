"""A Dockerfile written here, with the files beside it."""

from collections.abc import Mapping
from typing import Any

from webapp.findings import Findings
from webapp.images import dockerfile

MAX_DOCKERFILE_BYTES = 256 * 1024
MAX_FILES = 200
MAX_FILE_BYTES = 512 * 1024
MAX_FILES_BYTES = 2 * 1024 * 1024

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "dockerfile"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "dockerfile"},
        "dockerfile": {"type": "string", "description": "The text, with a FROM."},
        "files": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "maxProperties": MAX_FILES,
            "description": "Relative path to text.",
        },
    },
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept; what is wrong is noted by field."""
    if dockerfile_in_build is not None:
        findings.add("build.dockerfile", "The Dockerfile of this source is its text.")
    given = findings.known(source, "source", ("kind", "dockerfile", "files"))
    text = findings.text(given.get("dockerfile"), "source.dockerfile", limit=MAX_DOCKERFILE_BYTES)
    if text:
        for complaint in dockerfile.complaints(text):
            findings.add("source.dockerfile", complaint)
    return {"kind": "dockerfile", "dockerfile": text, "files": _files(findings, given.get("files", {}))}


def line(source: Mapping[str, Any]) -> str:
    """For a list."""
    count = len(source.get("files") or {})
    return f"Dockerfile and {count} file{'s' if count > 1 else ''}" if count else "Dockerfile"


def _files(findings: Findings, files: object) -> dict[str, str]:
    if not isinstance(files, dict):
        findings.add("source.files", "This must be an object of paths and texts.")
        return {}
    if len(files) > MAX_FILES:
        findings.add("source.files", f"At most {MAX_FILES} files; take a Git source for more.")
        return {}
    clean: dict[str, str] = {}
    for path, text in files.items():
        name = findings.path(path, "source.files")
        clean[name] = findings.text(text, f"source.files.{name[:60]}", limit=MAX_FILE_BYTES, empty=True)
    if sum(len(text.encode()) for text in clean.values()) > MAX_FILES_BYTES:
        findings.add("source.files", f"Together more than {MAX_FILES_BYTES} bytes; take a Git source for more.")
    for path in clean:
        _check_place(findings, path, clean)
    return clean


def _check_place(findings: Findings, path: str, files: dict[str, str]) -> None:
    """A file cannot be the Dockerfile's own place, nor a folder of another file."""
    if path == "Dockerfile":
        findings.add("source.files", "The file Dockerfile is the definition's own text.")
    parts = path.split("/")
    for end in range(1, len(parts)):
        if "/".join(parts[:end]) in files:
            findings.add("source.files", f"{path} lies below a path that is itself a file.")
