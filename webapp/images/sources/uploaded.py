"""What sources that are an upload of the project have in common: the definition keeps the digest of its bytes."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from runtime.contract.names import DIGEST
from webapp.blobs.models import Upload
from webapp.findings import Findings
from webapp.images.sources.building import Asked
from webapp.problems import Conflicting, Missing
from webapp.teams.models import Project

MAX_ID = 64
FOUND = ("digest", "size", "format", "name", "entries")  # completed from the upload, whatever is said of them

PROPERTIES: dict[str, Any] = {
    "upload": {"type": "string", "minLength": 1, "maxLength": MAX_ID, "description": "Id of one of the project."},
    "digest": {"type": "string", "description": "Of the upload, which is looked for by it if the id is gone."},
    "size": {"type": "integer", "description": "As the upload says; what is sent is passed over."},
    "format": {"type": "string", "description": "Likewise."},
    "name": {"type": "string", "description": "Likewise."},
    "entries": {"type": "integer", "description": "Likewise."},
}


def cleaned(findings: Findings, given: Mapping[str, object]) -> dict[str, Any]:
    """The upload that is named, and what is said of it; what is wrong is noted by field."""
    clean: dict[str, Any] = {"upload": findings.text(given.get("upload"), "source.upload", limit=MAX_ID)}
    digest = given.get("digest")
    if isinstance(digest, str) and DIGEST.fullmatch(digest):
        clean["digest"] = digest
    elif digest is not None:
        findings.add("source.digest", "sha256: and 64 hexadecimal digits, or leave it out.")
    return clean | {name: given[name] for name in FOUND if name in given and name not in clean}


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


def hold(asked: Asked) -> None:
    """Raises `Conflicting` when the bytes are gone; else they stay until the transaction ends."""
    held = Upload.objects.select_for_update().filter(project=asked.project, blob_id=asked.source["digest"])
    if not list(held.values_list("id")):
        name = asked.source.get("name", "archive")
        detail = f"The upload {name} is gone. Bring the same archive again, or define the image with another."
        raise Conflicting(code="upload.gone", detail=detail)
