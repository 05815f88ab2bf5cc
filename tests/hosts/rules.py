"""Who may do what at the endpoints of hosts."""

from typing import Any

from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.hosts.services import enroll, restrict
from webapp.teams.policy import SYSTEM


def local(cast: Cast) -> dict[str, Any]:
    return {"id": cast.host.id}


def the_teams_own_host(cast: Cast) -> dict[str, Any]:
    host, _ = enroll(actor=SYSTEM, name="own")
    restrict(actor=SYSTEM, host=host, every_team=False, teams=[cast.team])
    return {"id": host.id}


def a_host_for_the_team(cast: Cast) -> dict[str, Any]:
    return {"name": "third", "teams": [cast.team.id]}


def for_one_team(cast: Cast) -> dict[str, Any]:
    return {"teams": [cast.team.id], "build_slots": 3}


EVERYBODY = (200, 200, 200, 200, 200, 200)

RULES = (
    Rule("host-list", "get", EVERYBODY),
    Rule("host-list", "post", (400, 403, 403, 201, 201, 201), body=a_host_for_the_team),
    Rule("host-detail", "get", (404, 200, 200, 200, 200, 200), where=the_teams_own_host),
    Rule("host-detail", "patch", (403, 403, 403, 403, 403, 200), where=local, body=for_one_team),
    Rule("host-detail", "delete", (403, 403, 403, 403, 403, 204), where=local),
    Rule("host-drain", "post", (404, 403, 403, 200, 200, 200), where=the_teams_own_host),
    Rule("host-drain", "delete", (404, 403, 403, 200, 200, 200), where=the_teams_own_host),
    Rule("host-enrollment", "post", (404, 403, 403, 201, 201, 201), where=the_teams_own_host),
)
