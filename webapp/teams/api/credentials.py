"""Tokens, and users as the site admin manages them."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.problems import Missing
from webapp.rest.filtering import By
from webapp.rest.permissions import KnownWell
from webapp.rest.views import Listed, RoomViewSet, Shown, visible
from webapp.teams import services
from webapp.teams.api.bodies import NewToken, NewUser, TokenMade, TokenShown, UserChange, UserShown
from webapp.teams.models import Project, Team, Token, User
from webapp.teams.policy import require_site_admin


class Tokens(Listed, Shown, RoomViewSet):
    """Credentials for programs: your own, and those of teams that you administer."""

    serializer_class = TokenShown
    permission_classes = [KnownWell]
    filters = {"team": By("team_id", kind="id")}

    def rows(self) -> QuerySet[Token]:
        return Token.objects.visible_to(self.actor).select_related("user", "team", "project__team")

    @extend_schema(request=NewToken, responses={201: TokenMade})
    def create(self, request: Request) -> Response:
        """A new token. With `role` it is the team's, else your own. The secret is in this answer only."""
        body = self.body(NewToken)
        mine = Team.objects.filter(id__in=self.actor.roles)
        team = visible(mine, body["team"]) if "team" in body else None
        project = visible(Project.objects.visible_to(self.actor), body["project"]) if "project" in body else None
        token, secret = services.create_token(
            actor=self.actor,
            name=body["name"],
            scopes=body["scopes"],
            user=None if "role" in body else self.actor.user,
            team=team,
            role=body.get("role", ""),
            project=project,
            expires_at=body.get("expires_at"),
        )
        return Response({**TokenShown(token).data, "secret": secret}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Revoke a token. It stays in the list, as revoked."""
        services.revoke_token(actor=self.actor, token=self.found(id))
        return Response(status=204)


class Users(Listed, Shown, RoomViewSet):
    """Accounts. For everybody but a site admin there is only their own."""

    serializer_class = UserShown
    permission_classes = [KnownWell]
    filters = {"username": By("username"), "is_active": By("is_active", kind="flag")}

    def rows(self) -> QuerySet[User]:
        if self.actor.site_admin:
            return User.objects.all()
        if self.actor.user is None:
            return User.objects.none()
        return User.objects.filter(id=self.actor.user.id)

    @extend_schema(request=NewUser, responses={201: UserShown})
    def create(self, request: Request) -> Response:
        """A new account."""
        require_site_admin(self.actor)
        body = self.body(NewUser)
        user = services.create_user(
            actor=self.actor,
            username=body["username"],
            password=body["password"],
            email=body.get("email", ""),
            site_admin=body["site_admin"],
        )
        return self.shown(user, status=201)

    @extend_schema(request=UserChange, responses={200: UserShown})
    def partial_update(self, request: Request, id: str) -> Response:
        """Deactivate or activate an account, make or unmake a site admin, give a new password."""
        user = self.found(id)
        require_site_admin(self.actor)
        body = self.body(UserChange)
        if "password" in body:
            services.reset_password(actor=self.actor, user=user, new=body["password"])
        if "site_admin" in body:
            services.set_site_admin(actor=self.actor, user=user, site_admin=body["site_admin"])
        if "is_active" in body:
            services.set_active(actor=self.actor, user=user, active=body["is_active"])
        found = User.objects.filter(id=user.id).first()
        if found is None:
            raise Missing(code="missing", detail="")
        return self.shown(found)
