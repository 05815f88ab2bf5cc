"""The REST API of images and builds."""

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from runtime.contract import states
from webapp.hosts.models import Host
from webapp.images import services
from webapp.images.api import pushes as api_pushes
from webapp.images.api.serializers import (
    BuildRowSerializer,
    BuildSerializer,
    ChangedImageSerializer,
    ImageSerializer,
    MovedBuildSerializer,
    NewBuildSerializer,
    NewImageSerializer,
)
from webapp.images.containers import Containers
from webapp.images.models import Build, Image
from webapp.images.using import Users
from webapp.rest.filtering import By, narrowed
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import Awaited, Listed, RoomViewSet, Shown, visible
from webapp.teams.models import Project

STATES = tuple(states.BUILD)


class Images(Listed, Shown, RoomViewSet):
    """Definitions: where an image comes from and how it is built."""

    serializer_class = ImageSerializer
    filters = {"project": By("project_id", kind="id"), "slug": By("slug")}
    users: Users | None = None  # told where the paths are made

    def rows(self) -> QuerySet[Image]:
        return Image.objects.visible_to(self.actor).select_related("project__team").prefetch_related("destinations")

    @extend_schema(request=NewImageSerializer, responses={201: ImageSerializer})
    def create(self, request: Request) -> Response:
        """Define an image."""
        body = self.body(NewImageSerializer)
        project = visible(Project.objects.visible_to(self.actor), body.pop("project"))
        push = body.pop("push", None)
        with transaction.atomic():
            image = services.define_image(actor=self.actor, project=project, **body)
            self._push(image, push)
        return self.shown(image, status=201)

    @extend_schema(request=ChangedImageSerializer, responses=ImageSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given; a changed definition gets a new revision."""
        body = self.body(ChangedImageSerializer)
        push = body.pop("push", None)
        with transaction.atomic():
            self._push(services.change_image(actor=self.actor, image=self.found(id), **body), push)
        return self.shown(self.found(id))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Delete it with its builds and their logs, unless a service or a release of one needs it."""
        if self.users is None:
            raise ImproperlyConfigured("who uses images is told where the paths are made")
        services.delete_image(actor=self.actor, image=self.found(id), users=self.users)
        return Response(status=204)

    def _push(self, image: Image, push: object) -> None:
        if push is not None:
            services.set_destinations(actor=self.actor, image=image, push=push)


class ImageBuilds(RoomViewSet):
    """The builds of one image."""

    serializer_class = BuildRowSerializer
    filters = {"state": By("state", choices=STATES)}
    page_ordering = ("-number",)
    more_problems = (422,)
    containers: Containers | None = None  # told where the paths are made

    def rows(self) -> QuerySet[Build]:
        builds = Build.objects.visible_to(self.actor).select_related("host", "job").prefetch_related("job__steps")
        return builds.defer("layers", "definition", "job__order")

    @extend_schema(responses=BuildRowSerializer(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of its builds, newest first."""
        image = self._image(id)
        page = self.paginate_queryset(narrowed(self.rows().filter(image=image), request.query_params, self.filters))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewBuildSerializer, responses={200: BuildSerializer, 202: BuildSerializer})
    def create(self, request: Request, id: str) -> Response:
        """Queue a build of the definition as it is now; `ref` (Git) and `args` are for this build only."""
        image, body = self._image(id), self.body(NewBuildSerializer)
        if body.pop("reuse", False):
            former = services.reuse_build(actor=self.actor, image=image, **body)
            if former is not None:
                return Response(BuildSerializer(former).data)
        build = services.request_build(actor=self.actor, image=image, containers=self.containers, **body)
        return Response(BuildSerializer(build).data, status=202)

    def _image(self, id: str) -> Image:
        return visible(Image.objects.visible_to(self.actor).select_related("project__team"), id)


class Builds(Awaited, RoomViewSet):
    """One attempt to produce an image."""

    serializer_class = BuildSerializer
    terminal = states.terminal_states(states.BUILD)
    more_problems = (422,)
    containers: Containers | None = None  # told where the paths are made

    def rows(self) -> QuerySet[Build]:
        builds = Build.objects.visible_to(self.actor).select_related("image__project__team", "host", "job")
        return builds.prefetch_related("job__steps", "pushes__job")

    @extend_schema(request=NothingSerializer, responses={202: BuildSerializer})
    def cancellation(self, request: Request, id: str) -> Response:
        """Cancel it: at once while it waits, else its host is asked to stop."""
        self.body(NothingSerializer)
        build = services.cancel_build(actor=self.actor, build=self.found(id))
        return self.shown(self.found(build.id), status=202)

    @extend_schema(request=NothingSerializer, responses={202: BuildSerializer})
    def retry(self, request: Request, id: str) -> Response:
        """A new build of exactly the same definition."""
        self.body(NothingSerializer)
        again = services.retry_build(actor=self.actor, build=self.found(id), containers=self.containers)
        return self.shown(again, status=202)

    @extend_schema(request=NothingSerializer, responses={200: BuildSerializer})
    def front(self, request: Request, id: str) -> Response:
        """Let a waiting build be the next on its host. An operator's right."""
        self.body(NothingSerializer)
        build = services.put_build_first(actor=self.actor, build=self.found(id))
        return self.shown(self.found(build.id))

    @extend_schema(request=MovedBuildSerializer, responses={200: BuildSerializer})
    def move(self, request: Request, id: str) -> Response:
        """Let another host make a waiting build. An operator's right."""
        build = self.found(id)
        host = visible(Host.objects.visible_to(self.actor), self.body(MovedBuildSerializer)["host"])
        services.move_build(actor=self.actor, build=build, host=host)
        return self.shown(self.found(id))


def urlpatterns(users: Users, containers: Containers) -> list[URLPattern]:
    """The paths; `users` says what needs an image, `containers` what one may be made of."""
    return [
        path("images/", Images.as_view({"get": "list", "post": "create"}), name="api_images"),
        path(
            "images/<id>/",
            Images.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}, users=users),
            name="api_image",
        ),
        path(
            "images/<id>/builds/",
            ImageBuilds.as_view({"get": "list", "post": "create"}, containers=containers),
            name="api_image_builds",
        ),
        path("builds/<id>/", Builds.as_view({"get": "retrieve"}), name="api_build"),
        path("builds/<id>/cancellation/", Builds.as_view({"post": "cancellation"}), name="api_build_cancellation"),
        path("builds/<id>/retry/", Builds.as_view({"post": "retry"}, containers=containers), name="api_build_retry"),
        path("builds/<id>/front/", Builds.as_view({"post": "front"}), name="api_build_front"),
        path("builds/<id>/move/", Builds.as_view({"post": "move"}), name="api_build_move"),
        *api_pushes.urlpatterns,
    ]
