"""An archive that was uploaded to the project. The definition keeps its digest: a build is made of those very bytes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Q

from runtime.contract.names import DIGEST
from runtime.contract.orders import ImageOrder
from webapp.blobs.models import Upload
from webapp.findings import Findings
from webapp.images.sources.building import Asked, build_order
from webapp.problems import Conflicting, Missing
from webapp.teams.models import Project

MAX_ID = 64
OF_ORDER = ("kind", "digest", "size", "format", "directory", "dockerfile")
FOUND = ("digest", "size", "format", "name", "entries")  # completed from the upload, whatever is said of them

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "upload"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "archive"},
        "upload": {"type": "string", "minLength": 1, "maxLength": MAX_ID, "description": "Id of one of the project."},
        "directory": {"type": "string", "default": "."},
        "dockerfile": {"type": "string", "default": "Dockerfile"},
        "digest": {"type": "string", "description": "Of the upload, which is looked for by it if the id is gone."},
        "size": {"type": "integer", "description": "As the upload says; what is sent is passed over."},
        "format": {"type": "string", "description": "Likewise."},
        "name": {"type": "string", "description": "Likewise."},
        "entries": {"type": "integer", "description": "Likewise."},
    },
}


def clean(findings: Findings, source: Mapping[str, object], dockerfile_in_build: str | None) -> dict[str, Any]:
    """The source as it is kept, but for what its upload says; what is wrong is noted by field."""
    given = findings.known(source, "source", ("kind", "upload", "directory", "dockerfile", *FOUND))
    directory = given.get("directory") or "."
    named = given.get("dockerfile") or dockerfile_in_build or "Dockerfile"
    if given.get("dockerfile") and dockerfile_in_build not in (None, given.get("dockerfile")):
        findings.add("build.dockerfile", "The source names another Dockerfile; say it once.")
    clean = {
        "kind": "archive",
        "upload": findings.text(given.get("upload"), "source.upload", limit=MAX_ID),
        "directory": "." if directory == "." else findings.path(directory, "source.directory"),
        "dockerfile": findings.path(named, "source.dockerfile"),
    }
    digest = given.get("digest")
    if isinstance(digest, str) and DIGEST.fullmatch(digest):
        clean["digest"] = digest
    elif digest is not None:
        findings.add("source.digest", "sha256: and 64 hexadecimal digits, or leave it out.")
    return clean | {name: given[name] for name in FOUND if name in given and name not in clean}


def line(source: Mapping[str, Any]) -> str:
    """For a list."""
    return f"archive {source.get('name') or ''}".strip()


def settle(project: Project, source: dict[str, Any]) -> dict[str, Any]:
    """Completed with what the project's upload is. Raises `Missing`, `Conflicting`: it is another than was said."""
    same = Q(id=source["upload"]) | Q(blob_id=source.get("digest", ""))
    found = list(Upload.objects.ready().filter(same, project=project))
    upload = next((one for one in found if one.id == source["upload"]), found[0] if found else None)
    if upload is None:
        detail = "The project has no such upload (any more): bring the archive again, and name that one."
        raise Missing(code="upload.missing", detail=detail)
    if source.get("digest", upload.digest) != upload.digest:
        raise Conflicting(code="upload.other", detail="The upload has another digest than the source says.")
    return source | {
        "upload": upload.id,
        "digest": upload.digest,
        "size": upload.size,
        "format": upload.format,
        "name": upload.name,
        "entries": upload.entries,
    }


def order(asked: Asked) -> ImageOrder:
    """The order to fetch and unpack it. Raises `Conflicting` when the bytes are gone; else they stay until it ends."""
    held = Upload.objects.select_for_update().filter(project=asked.project, blob_id=asked.source["digest"])
    if not list(held.values_list("id")):
        name = asked.source.get("name", "archive")
        detail = f"The upload {name} is gone. Bring the same archive again, or define the image with another."
        raise Conflicting(code="upload.gone", detail=detail)
    return build_order(replace(asked, source={name: asked.source[name] for name in OF_ORDER}))
