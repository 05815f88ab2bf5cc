"""The REST API of pushes."""

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from runtime.contract import states
from webapp.images import services
from webapp.images.api.push_bodies import NewPush, PushShown
from webapp.images.models import Build, Push
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import Awaited, RoomViewSet, visible


class Pushes(Awaited, RoomViewSet):
    """One build on its way to one repository."""

    serializer_class = PushShown
    terminal = states.terminal_states(states.PUSH)
    more_problems = (422,)

    def rows(self) -> QuerySet[Push]:
        rows = Push.objects.visible_to(self.actor).select_related("job", "registry", "build__image__project__team")
        return rows.defer("build__layers", "build__definition", "job__order")

    @extend_schema(request=NothingSerializer, responses={202: PushShown})
    def retry(self, request: Request, id: str) -> Response:
        """The same image to the same place under the same tags once more; the answer is the new push."""
        self.body(NothingSerializer)
        return self.shown(services.push_again(actor=self.actor, push=self.found(id)), status=202)

    @extend_schema(request=NothingSerializer, responses={202: PushShown})
    def cancellation(self, request: Request, id: str) -> Response:
        """Cancel one that has a job of its own: at once while it waits, else its host is asked to stop."""
        self.body(NothingSerializer)
        push = services.cancel_push(actor=self.actor, push=self.found(id))
        return self.shown(self.found(push.id), status=202)


class BuildPushes(RoomViewSet):
    """The pushes of one build."""

    serializer_class = PushShown
    more_problems = (422,)

    def rows(self) -> QuerySet[Push]:
        return Push.objects.visible_to(self.actor).select_related("job").defer("job__order")

    @extend_schema(responses=PushShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of them, newest first."""
        page = self.paginate_queryset(self.rows().filter(build=self._build(id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewPush, responses={202: PushShown})
    def create(self, request: Request, id: str) -> Response:
        """Push a build that succeeded to a registry, from a host that holds it."""
        push = services.push_build(actor=self.actor, build=self._build(id), **self.body(NewPush))
        return self.shown(push, status=202)

    def _build(self, id: str) -> Build:
        builds = Build.objects.visible_to(self.actor).select_related("image__project__team", "host")
        return visible(builds.defer("layers", "definition"), id)


urlpatterns = [
    path("builds/<id>/pushes/", BuildPushes.as_view({"get": "list", "post": "create"}), name="api_build_pushes"),
    path("pushes/<id>/", Pushes.as_view({"get": "retrieve"}), name="api_push"),
    path("pushes/<id>/cancellation/", Pushes.as_view({"post": "cancellation"}), name="api_push_cancellation"),
    path("pushes/<id>/retry/", Pushes.as_view({"post": "retry"}), name="api_push_retry"),
]
