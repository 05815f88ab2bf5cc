"""REST of deploy keys."""

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.checks import slug_pattern
from webapp.deploykeys import services
from webapp.deploykeys.knownhosts import MAX_BYTES
from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.using import Users
from webapp.rest.filtering import By, narrowed
from webapp.rest.permissions import KnownWell
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import RoomViewSet, Shown, visible
from webapp.teams.models import Project


class DeployKeyShown(serializers.ModelSerializer[DeployKey]):
    """Everything but the private part, which nobody reads. `public` is the line that a Git server takes."""

    class Meta:
        model = DeployKey
        fields = ("id", "project", "name", "public", "fingerprint", "known_hosts", "created_at")


def _known_hosts(*, required: bool) -> serializers.CharField:
    about = "Host keys of the Git server: lines of a known_hosts file. Comments are left out."
    return serializers.CharField(
        max_length=MAX_BYTES, allow_blank=True, trim_whitespace=False, help_text=about, required=required
    )


class NewDeployKey(StrictSerializer):
    name = serializers.RegexField(
        slug_pattern(), max_length=40, trim_whitespace=False, help_text="By which images' sources name it."
    )
    known_hosts = _known_hosts(required=False)


class DeployKeyChange(StrictSerializer):
    known_hosts = _known_hosts(required=True)


class ProjectDeployKeys(RoomViewSet):
    """The key pairs by which builds of one project sign in to Git servers by SSH."""

    serializer_class = DeployKeyShown
    permission_classes = [KnownWell]
    filters = {"name": By("name")}

    def rows(self) -> QuerySet[DeployKey]:
        return DeployKey.objects.visible_to(self.actor)

    @extend_schema(responses=DeployKeyShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of the project's keys, newest first."""
        rows = self.rows().filter(project=self._project(id))
        page = self.paginate_queryset(narrowed(rows, request.query_params, self.filters))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewDeployKey, responses={201: DeployKeyShown})
    def create(self, request: Request, id: str) -> Response:
        """Make a key pair. Add its `public` line to the repository as a deploy key that may only read."""
        body = self.body(NewDeployKey)
        key = services.create_deploy_key(actor=self.actor, project=self._project(id), **body)
        return self.shown(key, status=201)

    def _project(self, id: str) -> Project:
        return visible(Project.objects.visible_to(self.actor).select_related("team"), id)


class DeployKeys(Shown, RoomViewSet):
    """One key pair."""

    serializer_class = DeployKeyShown
    permission_classes = [KnownWell]
    users: Users | None = None  # told where the paths are made

    def rows(self) -> QuerySet[DeployKey]:
        return DeployKey.objects.visible_to(self.actor).select_related("project__team")

    @extend_schema(request=DeployKeyChange, responses=DeployKeyShown)
    def partial_update(self, request: Request, id: str) -> Response:
        """Say which host keys are trusted, from the next build on. The pair itself never changes: make another."""
        body = self.body(DeployKeyChange)
        return self.shown(services.change_known_hosts(actor=self.actor, key=self.found(id), **body))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Delete it, unless an image is fetched with it."""
        if self.users is None:
            raise ImproperlyConfigured("what is fetched with a key is told where the paths are made")
        services.delete_deploy_key(actor=self.actor, key=self.found(id), users=self.users)
        return Response(status=204)


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says what is fetched with a key."""
    return [
        path(
            "projects/<id>/deploy-keys/",
            ProjectDeployKeys.as_view({"get": "list", "post": "create"}),
            name="api_project_deploy_keys",
        ),
        path(
            "deploy-keys/<id>/",
            DeployKeys.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}, users=users),
            name="api_deploy_key",
        ),
    ]
