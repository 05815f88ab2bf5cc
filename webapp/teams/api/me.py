"""Who am I, what may I do; my password."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.rest.etag import tagged
from webapp.rest.views import RoomView
from webapp.teams import services
from webapp.teams.api.bodies import Me, PasswordChange
from webapp.teams.guards import require_person
from webapp.teams.models import Team, Token
from webapp.teams.policy import Actor, actions_in


class MeView(RoomView):
    """Whoever asks."""

    @extend_schema(responses={200: Me})
    def get(self, request: Request) -> Response:
        """Who am I, my teams, my roles and what I may do there."""
        actor = self.actor
        teams = Team.objects.filter(id__in=actor.roles)
        facts = {
            "user": actor.user,
            "token": _token(actor.token),
            "site_admin": actor.site_admin,
            "may_make_teams": actor.site_admin or (settings.ANYONE_MAKES_TEAMS and actor.user is not None),
            "teams": [_team(actor, team) for team in teams],
        }
        return tagged(request, Me(facts).data)


class PasswordView(RoomView):
    """One's own password; needs a session, not a token."""

    @extend_schema(request=PasswordChange, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change it. Every session of the account ends."""
        body = self.body(PasswordChange)
        services.change_password(actor=self.actor, user=require_person(self.actor), old=body["old"], new=body["new"])
        return Response(status=204)


def _team(actor: Actor, team: Team) -> dict[str, Any]:
    project = actor.token.project_id if actor.token is not None else None
    return {
        "id": team.id,
        "slug": team.slug,
        "name": team.name,
        "role": actor.roles[team.id],
        "actions": sorted(action.value for action in actions_in(actor, team.id, project_id=project)),
    }


def _token(token: Token | None) -> dict[str, Any] | None:
    if token is None:
        return None
    return {
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "team": token.team_id,
        "project": token.project_id,
    }
