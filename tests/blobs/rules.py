"""Who may do what at the endpoints of uploads."""

from typing import Any

from tests.blobs.given import bring
from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.blobs.models import Upload

MEMBERS = (404, 200, 200, 200, 200, 404)


def the_project(cast: Cast) -> dict[str, Any]:
    return {"id": cast.project.id}


def an_upload(cast: Cast) -> dict[str, Any]:
    return {"id": (Upload.objects.filter(project=cast.project).first() or bring(cast)).id}


RULES = (
    Rule("api_project_uploads", "get", MEMBERS, where=the_project),
    # JSON is no archive; tests/blobs sends some.
    Rule("api_project_uploads", "post", (404, 415, 415, 415, 415, 404), where=the_project),
    Rule("api_upload", "get", MEMBERS, where=an_upload),
    Rule("api_upload", "delete", (404, 403, 204, 204, 204, 404), where=an_upload),
)
