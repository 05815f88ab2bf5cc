"""Who may do what at the endpoints and pages of isolation profiles."""

from typing import Any

from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.isolation.models import Profile


def hardened(cast: Cast) -> dict[str, Any]:
    return {"id": Profile.objects.get(slug="hardened").id}


def another(cast: Cast) -> dict[str, Any]:
    return {"slug": "other", "title": "Other"}


def a_title(cast: Cast) -> dict[str, Any]:
    return {"title": "Harder"}


EVERYBODY = (200, 200, 200, 200, 200, 200)

RULES = (
    Rule("api_isolation_profiles", "get", EVERYBODY),
    Rule("api_isolation_profiles", "post", (403, 403, 403, 403, 403, 201), body=another),
    Rule("api_isolation_profile", "get", EVERYBODY, where=hardened),
    Rule("api_isolation_profile", "patch", (403, 403, 403, 403, 403, 200), where=hardened, body=a_title),
    Rule("api_isolation_profile", "delete", (403, 403, 403, 403, 403, 204), where=hardened),
)
