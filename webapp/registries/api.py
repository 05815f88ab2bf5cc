"""REST of registries."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.problems import Invalid
from webapp.registries import services
from webapp.registries.models import Registry
from webapp.rest.filtering import By
from webapp.rest.permissions import KnownWell
from webapp.rest.serializers import NothingSerializer, StrictSerializer
from webapp.rest.views import Listed, RoomViewSet, Shown, visible
from webapp.teams.models import Project, Team


class RegistryShown(serializers.ModelSerializer[Registry]):
    """Everything but the password, which nobody reads back. `complaint`: of the last check, empty when it was well.

    `own`: Slipway's own registry, which is not changed or forgotten; builds are pushed there by themselves.
    """

    url = serializers.CharField()
    has_password = serializers.SerializerMethodField()

    class Meta:
        model = Registry
        fields = (
            "id", "team", "project", "own", "url", "address", "prefix", "username", "has_password", "checked_at",
            "complaint", "created_at",
        )  # fmt: skip

    def get_has_password(self, registry: Registry) -> bool:
        return bool(registry.password)


class NewRegistry(StrictSerializer):
    """Give `team` for a registry of all its projects, or `project` for one of that alone."""

    team = serializers.CharField(min_length=1, max_length=64, required=False, trim_whitespace=False)
    project = serializers.CharField(min_length=1, max_length=64, required=False, trim_whitespace=False)
    url = serializers.CharField(max_length=255)
    prefix = serializers.CharField(max_length=200, required=False, allow_blank=True)
    username = serializers.CharField(max_length=200, required=False, allow_blank=True, trim_whitespace=False)
    password = serializers.CharField(
        max_length=services.MAX_PASSWORD, required=False, allow_blank=True, trim_whitespace=False, write_only=True
    )


class ChangedRegistry(StrictSerializer):
    prefix = serializers.CharField(max_length=200, required=False, allow_blank=True)
    username = serializers.CharField(max_length=200, required=False, allow_blank=True, trim_whitespace=False)
    password = serializers.CharField(
        max_length=services.MAX_PASSWORD, required=False, allow_blank=True, trim_whitespace=False, write_only=True
    )


class RepositoriesShown(serializers.Serializer[Any]):
    repositories = serializers.ListField(child=serializers.CharField())


class TagShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    digest = serializers.CharField(allow_null=True)


class TagsShown(serializers.Serializer[Any]):
    tags = TagShown(many=True)


class Registries(Listed, Shown, RoomViewSet):
    """Where images are pushed to and pulled from."""

    serializer_class = RegistryShown
    permission_classes = [KnownWell]
    filters = {"team": By("team_id", kind="id"), "project": By("project_id", kind="id")}
    action_params = {"tags": frozenset({"repository"})}
    more_problems = (502,)

    def rows(self) -> QuerySet[Registry]:
        return Registry.objects.visible_to(self.actor).select_related("team", "project__team")

    @extend_schema(request=NewRegistry, responses={201: RegistryShown})
    def create(self, request: Request) -> Response:
        """A registry, of a team or of one project."""
        body = self.body(NewRegistry)
        team, project = self._owner(body.pop("team", None), body.pop("project", None))
        registry = services.add_registry(actor=self.actor, team=team, project=project, **body)
        return self.shown(registry, status=201)

    @extend_schema(request=ChangedRegistry, responses=RegistryShown)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given; an empty `username` and `password` make it public."""
        body = self.body(ChangedRegistry)
        return self.shown(services.change_registry(actor=self.actor, registry=self.found(id), **body))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Forget it with its password; what it holds stays there."""
        services.remove_registry(actor=self.actor, registry=self.found(id))
        return Response(status=204)

    @extend_schema(request=NothingSerializer, responses=RegistryShown)
    def check(self, request: Request, id: str) -> Response:
        """Ask it whether it lets Slipway in; `complaint` says what is wrong."""
        self.body(NothingSerializer)
        return self.shown(services.check_registry(actor=self.actor, registry=self.found(id), now=now()))

    @extend_schema(responses=RepositoriesShown)
    def repositories(self, request: Request, id: str) -> Response:
        """What it holds, as far as it tells; many registries tell nobody."""
        found = services.list_repositories(actor=self.actor, registry=self.found(id))
        return Response({"repositories": found})

    @extend_schema(responses=TagsShown, parameters=[OpenApiParameter("repository", str, required=True)])
    def tags(self, request: Request, id: str) -> Response:
        """The tags of one repository and the digests they name now."""
        registry = self.found(id)
        repository = request.query_params.get("repository", "")
        found = services.list_tags(actor=self.actor, registry=registry, repository=repository)
        return Response(TagsShown({"tags": found}).data)

    def _owner(self, team: str | None, project: str | None) -> tuple[Team, Project | None]:
        if (team is None) == (project is None):
            raise Invalid({"team": ["Give either a team or a project."]})
        if project is not None:
            found = visible(Project.objects.visible_to(self.actor).select_related("team"), project)
            return found.team, found
        return visible(Team.objects.visible_to(self.actor), team or ""), None


urlpatterns = [
    path("registries/", Registries.as_view({"get": "list", "post": "create"}), name="api_registries"),
    path(
        "registries/<id>/",
        Registries.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="api_registry",
    ),
    path("registries/<id>/check/", Registries.as_view({"post": "check"}), name="api_registry_check"),
    path(
        "registries/<id>/repositories/", Registries.as_view({"get": "repositories"}), name="api_registry_repositories"
    ),
    path("registries/<id>/tags/", Registries.as_view({"get": "tags"}), name="api_registry_tags"),
]
