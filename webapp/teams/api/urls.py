"""The addresses of teams under `/api/v1/`."""

from typing import Any

from django.urls import path
from rest_framework.routers import SimpleRouter

from webapp.teams.api.credentials import Tokens, Users
from webapp.teams.api.me import MeView, PasswordView
from webapp.teams.api.projects import Projects
from webapp.teams.api.teams import AcceptanceView, Invitations, Members, Teams

router = SimpleRouter()
router.register("teams", Teams, basename="team")
router.register("projects", Projects, basename="project")
router.register("tokens", Tokens, basename="token")
router.register("users", Users, basename="user")

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
MANY: dict[str, Any] = {"get": "list", "post": "create"}

urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("me/password/", PasswordView.as_view(), name="my-password"),
    path("invitations/acceptance/", AcceptanceView.as_view(), name="invitation-acceptance"),
    path("teams/<str:team>/members/", Members.as_view(MANY), name="member-list"),
    path("teams/<str:team>/members/<str:id>/", Members.as_view(ONE), name="member-detail"),
    path("teams/<str:team>/invitations/", Invitations.as_view(MANY), name="invitation-list"),
    path(
        "teams/<str:team>/invitations/<str:id>/",
        Invitations.as_view({"get": "retrieve", "delete": "destroy"}),
        name="invitation-detail",
    ),
    *router.urls,
]
