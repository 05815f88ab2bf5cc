"""Teams, their members and invitations."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.problems import Invalid, Missing, Spent
from webapp.rest.etag import tagged
from webapp.rest.permissions import KnownWell
from webapp.rest.views import Listed, RoomView, RoomViewSet, Shown, visible
from webapp.teams import brakes, services
from webapp.teams.api.bodies import (
    Acceptance,
    InvitationMade,
    InvitationShown,
    MemberShown,
    NewInvitation,
    NewMember,
    NewTeam,
    Renaming,
    RoleChange,
    TeamShown,
)
from webapp.teams.guards import require_administer, require_person
from webapp.teams.models import Invitation, Membership, Team, User


class Teams(Listed, Shown, RoomViewSet):
    """Teams."""

    serializer_class = TeamShown

    def rows(self) -> QuerySet[Team]:
        return Team.objects.visible_to(self.actor)

    @extend_schema(request=NewTeam, responses={201: TeamShown})
    def create(self, request: Request) -> Response:
        """A new team; you become its owner."""
        body = self.body(NewTeam)
        return self.shown(services.create_team(actor=self.actor, slug=body["slug"], name=body["name"]), status=201)

    @extend_schema(request=Renaming, responses={200: TeamShown})
    def partial_update(self, request: Request, id: str) -> Response:
        """Another name."""
        team = self.found(id)
        body = self.body(Renaming)
        return self.shown(services.rename_team(actor=self.actor, team=team, name=body["name"]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Remove a team that has no projects."""
        services.delete_team(actor=self.actor, team=self.found(id))
        return Response(status=204)


class _OfTeam(RoomViewSet):
    """Things below `teams/{team}/`; the team must be visible first."""

    def team(self) -> Team:
        return visible(Team.objects.visible_to(self.actor), self.kwargs["team"])


class Members(Listed, _OfTeam):
    """Who belongs to a team."""

    serializer_class = MemberShown

    def rows(self) -> QuerySet[Membership]:
        return Membership.objects.visible_to(self.actor).filter(team=self.team()).select_related("user", "team")

    @extend_schema(request=NewMember, responses={201: MemberShown})
    def create(self, request: Request, team: str) -> Response:
        """Make a person a member."""
        where = self.team()
        require_administer(self.actor, where)
        body = self.body(NewMember)
        user = User.objects.filter(username=body["username"], is_active=True).first()
        if user is None:
            raise Invalid({"username": ["There is no such user. You may invite one who has no account yet."]})
        membership = services.add_member(actor=self.actor, team=where, user=user, role=body["role"])
        return self.shown(membership, status=201)

    @extend_schema(responses={200: MemberShown})
    def retrieve(self, request: Request, team: str, id: str) -> Response:
        """One member."""
        return tagged(request, self.get_serializer(self.found(id)).data)

    @extend_schema(request=RoleChange, responses={200: MemberShown})
    def partial_update(self, request: Request, team: str, id: str) -> Response:
        """Another role."""
        membership = self.found(id)
        body = self.body(RoleChange)
        return self.shown(services.change_role(actor=self.actor, membership=membership, role=body["role"]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, team: str, id: str) -> Response:
        """End a membership, or leave the team."""
        services.remove_member(actor=self.actor, membership=self.found(id))
        return Response(status=204)


class Invitations(Listed, _OfTeam):
    """Offers of a role. Only who may administer the team sees them; codes are never shown again."""

    serializer_class = InvitationShown
    permission_classes = [KnownWell]

    def rows(self) -> QuerySet[Invitation]:
        team = self.team()
        require_administer(self.actor, team)
        return Invitation.objects.filter(team=team).select_related("team", "created_by")

    @extend_schema(request=NewInvitation, responses={201: InvitationMade})
    def create(self, request: Request, team: str) -> Response:
        """Invite a person by name, or somebody new without one. The code is in this answer only."""
        where = self.team()
        require_administer(self.actor, where)
        body = self.body(NewInvitation)
        invitation, code = services.invite(
            actor=self.actor, team=where, username=body.get("username", ""), role=body["role"]
        )
        link = request.build_absolute_uri(reverse("join", args=[code]))
        return Response({**InvitationShown(invitation).data, "code": code, "link": link}, status=201)

    @extend_schema(responses={200: InvitationShown})
    def retrieve(self, request: Request, team: str, id: str) -> Response:
        """One invitation."""
        return tagged(request, self.get_serializer(self.found(id)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, team: str, id: str) -> Response:
        """Withdraw an invitation."""
        services.withdraw_invitation(actor=self.actor, invitation=self.found(id))
        return Response(status=204)


class AcceptanceView(RoomView):
    """Opening an invitation."""

    more_problems = (410,)

    @extend_schema(request=Acceptance, responses={201: MemberShown})
    def post(self, request: Request) -> Response:
        """Become a member with the code that you were given."""
        body = self.body(Acceptance)
        who: dict[str, Any] = {"address": self.actor.ip, "account": require_person(self.actor).username}
        wait = brakes.seconds_to_wait(brakes.INVITATION, **who)
        if wait:
            raise Throttled(wait=wait)
        try:
            membership = services.accept_invitation(actor=self.actor, code=body["code"])
        except (Missing, Spent):
            brakes.failed(brakes.INVITATION, **who)
            raise
        return Response(MemberShown(membership).data, status=201)
