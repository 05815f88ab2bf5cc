"""Who may do what at the endpoints and pages of exports."""

from typing import Any

from django.utils.timezone import now

from tests.cast import Cast
from tests.deployments.rules import harbour_of
from tests.rest.walk import Rule
from webapp.exports.services import export_build
from webapp.teams.policy import SYSTEM

MEMBERS = (404, 200, 200, 200, 200, 404)
DEVELOPERS_START = (404, 403, 202, 202, 202, 404)
NOT_READY = (404, 403, 409, 409, 409, 404)


def a_build(cast: Cast) -> dict[str, Any]:
    return {"id": harbour_of(cast).built().id}


def an_export(cast: Cast) -> dict[str, Any]:
    """That waits for its host."""
    return {"id": export_build(actor=SYSTEM, build=harbour_of(cast).built(), now=now()).id}


def a_layout(cast: Cast) -> dict[str, Any]:
    return {"layout": "oci"}


RULES = (
    Rule("api_build_exports", "get", MEMBERS, where=a_build),
    Rule("api_build_exports", "post", DEVELOPERS_START, where=a_build, body=a_layout),
    Rule("api_export", "get", MEMBERS, where=an_export),
    Rule("api_export_cancellation", "post", DEVELOPERS_START, where=an_export),
    Rule("api_export_archive", "get", NOT_READY, where=an_export),
)
