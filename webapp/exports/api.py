"""REST of exports."""

from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import path
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.exports import services
from webapp.exports.download import TAR, answer
from webapp.exports.models import LAYOUTS, STATES, UNDER_WAY, Export
from webapp.images.models import Build
from webapp.rest.serializers import NothingSerializer, StrictSerializer
from webapp.rest.views import Awaited, RoomViewSet, visible
from webapp.teams.policy import Action, require


class NewExport(StrictSerializer):
    layout = serializers.ChoiceField(
        LAYOUTS, required=False, default="docker", help_text="Docker's own archive, or an OCI image layout."
    )


class ExportShown(serializers.ModelSerializer[Export]):
    """`size` grows while the archive comes in; ready, `digest` is the sha256 of its bytes."""

    build = serializers.CharField(source="build_id")
    log = serializers.CharField(source="log_id")
    state = serializers.ChoiceField(STATES)
    digest = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField(help_text="What went wrong, in words; null when nothing did.")
    requested_by = serializers.CharField(source="requested_as")

    class Meta:
        model = Export
        fields = (
            "id", "build", "layout", "state", "size", "digest", "log", "requested_by", "created_at", "finished_at",
            "expires_at", "error",
        )  # fmt: skip

    def get_digest(self, export: Export) -> str | None:
        return export.digest or None

    def get_error(self, export: Export) -> str | None:
        return export.problem["message"] if export.problem else None


class BuildExports(RoomViewSet):
    """The exports of one build."""

    serializer_class = ExportShown
    more_problems = (422,)

    def rows(self) -> QuerySet[Export]:
        return Export.objects.visible_to(self.actor)

    @extend_schema(responses=ExportShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of them, newest first."""
        page = self.paginate_queryset(self.rows().filter(build=self._build(id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewExport, responses={202: ExportShown})
    def create(self, request: Request, id: str) -> Response:
        """Have a host that holds the image send it here as one archive."""
        layout = self.body(NewExport)["layout"]
        export = services.export_build(actor=self.actor, build=self._build(id), layout=layout, now=now())
        return self.shown(export, status=202)

    def _build(self, id: str) -> Build:
        builds = Build.objects.visible_to(self.actor).select_related("image__project__team", "job")
        return visible(builds, id)


class TarRenderer(BaseRenderer):
    """Names the media type; the answer is a stream, which is not rendered."""

    media_type = TAR
    format = "tar"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return msgspec.json.encode(data)  # a refusal


class Exports(Awaited, RoomViewSet):
    """One archive of one build's image."""

    serializer_class = ExportShown
    terminal = frozenset(STATES) - frozenset(UNDER_WAY)

    def rows(self) -> QuerySet[Export]:
        return Export.objects.visible_to(self.actor).select_related("build__image__project__team", "job")

    @extend_schema(request=NothingSerializer, responses={202: ExportShown})
    def cancellation(self, request: Request, id: str) -> Response:
        """Stop it while it is under way; remove the archive of one that is ready."""
        self.body(NothingSerializer)
        services.cancel_export(actor=self.actor, export=self.found(id), now=now())
        return self.shown(self.found(id), status=202)


class Archives(RoomViewSet):
    """The bytes of an export."""

    renderer_classes = [JSONRenderer, TarRenderer]
    serializer_class = ExportShown
    more_problems = (410, 416)

    def rows(self) -> QuerySet[Export]:
        return Export.objects.visible_to(self.actor).select_related("build__image__project__team")

    @extend_schema(
        parameters=[OpenApiParameter("Range", str, "header", description="One range of bytes, to go on with a part.")],
        responses={(200, TAR): bytes, (206, TAR): bytes},
    )
    def fetch(self, request: Request, id: str) -> HttpResponseBase:
        """The archive, or the part of it that `Range` names, until `expires_at`."""
        export = self.found(id)
        require(self.actor, Action.BUILD, export.build.image.project)
        return answer(export, range_header=request.headers.get("Range", ""))


urlpatterns = [
    path("builds/<id>/exports/", BuildExports.as_view({"get": "list", "post": "create"}), name="api_build_exports"),
    path("exports/<id>/", Exports.as_view({"get": "retrieve"}), name="api_export"),
    path("exports/<id>/cancellation/", Exports.as_view({"post": "cancellation"}), name="api_export_cancellation"),
    path("exports/<id>/archive/", Archives.as_view({"get": "fetch"}), name="api_export_archive"),
]
