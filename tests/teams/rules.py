"""Who may do what at the endpoints of teams."""

from typing import Any

from tests.cast import PASSWORD, Cast, make_user
from tests.rest.walk import Rule
from webapp.teams.models import Membership
from webapp.teams.policy import SYSTEM
from webapp.teams.services import create_team, create_token, invite


def the_team(cast: Cast) -> dict[str, Any]:
    return {"id": cast.team.id}


def in_the_team(cast: Cast) -> dict[str, Any]:
    return {"team": cast.team.id}


def the_viewer(cast: Cast) -> dict[str, Any]:
    membership = Membership.objects.get(team=cast.team, user=cast.users["viewer"])
    return {"team": cast.team.id, "id": membership.id}


def an_empty_team(cast: Cast) -> dict[str, Any]:
    team = create_team(actor=cast.actor("owner"), slug="empty", name="Empty")
    for name in ("operator", "developer", "viewer"):
        Membership.objects.create(team=team, user=cast.users[name], role=name)
    return {"id": team.id}


def a_newcomer(cast: Cast) -> dict[str, Any]:
    return {"username": make_user("newcomer").username, "role": "viewer"}


def an_invitation(cast: Cast) -> dict[str, Any]:
    invitation, _ = invite(actor=cast.actor("owner"), team=cast.team, role="viewer")
    return {"team": cast.team.id, "id": invitation.id}


def the_strangers_code(cast: Cast) -> dict[str, Any]:
    _, code = invite(actor=cast.actor("owner"), team=cast.team, username="stranger", role="viewer")
    return {"code": code}


def an_open_code(cast: Cast) -> dict[str, Any]:
    _, code = invite(actor=cast.actor("owner"), team=cast.team, role="viewer")
    return {"code": code}


def anybodys_role(cast: Cast) -> dict[str, Any]:
    return {"role": "viewer"}


def the_project(cast: Cast) -> dict[str, Any]:
    return {"id": cast.project.id}


def a_project(cast: Cast) -> dict[str, Any]:
    return {"team": cast.team.id, "slug": "next", "name": "Next"}


def the_teams_token(cast: Cast) -> dict[str, Any]:
    token, _ = create_token(actor=cast.actor("owner"), name="ci", scopes=["read"], team=cast.team, role="viewer")
    return {"id": token.id}


def the_viewers_token(cast: Cast) -> dict[str, Any]:
    token, _ = create_token(actor=SYSTEM, name="mine", scopes=["read"], user=cast.users["viewer"])
    return {"id": token.id}


def the_viewer_as_user(cast: Cast) -> dict[str, Any]:
    return {"id": cast.users["viewer"].id}


def a_team(cast: Cast) -> dict[str, Any]:
    return {"slug": "new", "name": "New"}


def a_name(cast: Cast) -> dict[str, Any]:
    return {"name": "Another name"}


def a_role(cast: Cast) -> dict[str, Any]:
    return {"role": "developer"}


def a_token_of_the_team(cast: Cast) -> dict[str, Any]:
    return {"name": "ci", "scopes": ["build"], "team": cast.team.id, "role": "developer"}


def a_user(cast: Cast) -> dict[str, Any]:
    return {"username": "somebody", "password": PASSWORD}


def not_active(cast: Cast) -> dict[str, Any]:
    return {"is_active": False}


def passwords(cast: Cast) -> dict[str, Any]:
    return {"old": PASSWORD, "new": "another long sentence"}


EVERYBODY = (200, 200, 200, 200, 200, 200)
MEMBERS = (404, 200, 200, 200, 200, 404)
MEMBERS_AND_ADMIN = (404, 200, 200, 200, 200, 200)

# stranger, viewer, developer, operator, owner, admin
RULES = (
    Rule("me", "get", EVERYBODY),
    Rule("my-password", "post", (204, 204, 204, 204, 204, 204), body=passwords),
    Rule("team-list", "get", EVERYBODY),
    Rule("team-list", "post", (201, 201, 201, 201, 201, 201), body=a_team),
    Rule("team-detail", "get", MEMBERS_AND_ADMIN, where=the_team),
    Rule("team-detail", "patch", (404, 403, 403, 403, 200, 200), where=the_team, body=a_name),
    Rule("team-detail", "delete", (404, 403, 403, 403, 204, 204), where=an_empty_team),
    Rule("member-list", "get", MEMBERS_AND_ADMIN, where=in_the_team),
    Rule("member-list", "post", (404, 403, 403, 403, 201, 201), where=in_the_team, body=a_newcomer),
    Rule("member-detail", "get", MEMBERS_AND_ADMIN, where=the_viewer),
    Rule("member-detail", "patch", (404, 403, 403, 403, 200, 200), where=the_viewer, body=a_role),
    Rule("member-detail", "delete", (404, 204, 403, 403, 204, 204), where=the_viewer),
    Rule("invitation-list", "get", (404, 403, 403, 403, 200, 200), where=in_the_team),
    Rule("invitation-list", "post", (404, 403, 403, 403, 201, 201), where=in_the_team, body=anybodys_role),
    Rule("invitation-detail", "get", (404, 403, 403, 403, 200, 200), where=an_invitation),
    Rule("invitation-detail", "delete", (404, 403, 403, 403, 204, 204), where=an_invitation),
    Rule("invitation-acceptance", "post", (201, 404, 404, 404, 404, 404), body=the_strangers_code),
    Rule("project-list", "get", EVERYBODY),
    Rule("project-list", "post", (404, 403, 201, 201, 201, 404), body=a_project),
    Rule("project-detail", "get", MEMBERS, where=the_project),
    Rule("project-detail", "patch", (404, 403, 200, 200, 200, 404), where=the_project, body=a_name),
    Rule("project-detail", "delete", (404, 403, 403, 403, 204, 404), where=the_project),
    Rule("token-list", "get", EVERYBODY),
    Rule("token-list", "post", (404, 403, 403, 403, 201, 404), body=a_token_of_the_team),
    Rule("token-detail", "get", (404, 404, 404, 404, 200, 404), where=the_teams_token),
    Rule("token-detail", "delete", (404, 204, 404, 404, 404, 404), where=the_viewers_token),
    Rule("user-list", "get", EVERYBODY),
    Rule("user-list", "post", (403, 403, 403, 403, 403, 201), body=a_user),
    Rule("user-detail", "get", (404, 200, 404, 404, 404, 200), where=the_viewer_as_user),
    Rule("user-detail", "patch", (404, 403, 404, 404, 404, 200), where=the_viewer_as_user, body=not_active),
)
