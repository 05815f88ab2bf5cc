"""Who may do what at the endpoints of the trail."""

from typing import Any

from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.audit.models import Entry


def an_entry_of_the_team(cast: Cast) -> dict[str, Any]:
    return {"id": Entry.objects.filter(team_id=cast.team.id).earliest("number").number}


RULES = (
    Rule("audit-list", "get", (200, 200, 200, 200, 200, 200)),
    Rule("audit-detail", "get", (404, 200, 200, 200, 200, 404), where=an_entry_of_the_team),
    Rule("audit-verification", "get", (403, 403, 403, 403, 403, 200)),
)
