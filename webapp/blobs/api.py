"""REST of uploads."""

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from runtime.contract.archives.rules import Format
from webapp.blobs import services
from webapp.blobs.models import Upload
from webapp.blobs.using import Users
from webapp.problems import Invalid
from webapp.rest.filtering import By, narrowed
from webapp.rest.views import RoomViewSet, Shown, visible
from webapp.teams.models import Project

TYPES: Mapping[str, Format | None] = {
    "application/x-tar": "tar",
    "application/gzip": "tar.gz",
    "application/zip": "zip",
    "application/octet-stream": None,  # what it is then says it itself
}
DIGEST = "X-Content-SHA256"
NAMED = frozenset({"name"})


class UploadShown(serializers.ModelSerializer[Upload]):
    """An archive that an image may be defined by. `unpacked` in bytes; `notes` say what is odd about it."""

    digest = serializers.CharField()
    size = serializers.IntegerField()
    uploaded_by = serializers.CharField(source="uploaded_as")

    class Meta:
        model = Upload
        fields = (
            "id", "project", "name", "digest", "size", "format", "entries", "unpacked", "notes", "uploaded_by",
            "created_at", "brought_at",
        )  # fmt: skip
        read_only_fields = fields


class ProjectUploads(RoomViewSet):
    """The archives of one project."""

    serializer_class = UploadShown
    filters = {"name": By("name"), "digest": By("blob_id")}
    action_params = {"create": NAMED}

    def rows(self) -> QuerySet[Upload]:
        return Upload.objects.visible_to(self.actor)

    @extend_schema(responses=UploadShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of the project's uploads, newest first."""
        rows = self.rows().filter(project=self._project(id))
        page = self.paginate_queryset(narrowed(rows, request.query_params, self.filters))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=dict.fromkeys(TYPES, OpenApiTypes.BINARY),
        responses={200: UploadShown, 201: UploadShown},
        parameters=[
            OpenApiParameter("name", {"type": "string", "maxLength": 200}, description="What people call it."),
            OpenApiParameter(
                DIGEST,
                {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
                location=OpenApiParameter.HEADER,
                description="The SHA-256 of the body; another one is refused.",
            ),
        ],
    )
    def create(self, request: Request, id: str) -> Response:
        """Send an archive as the body: tar, tar.gz or zip. Bytes that the project has already answer 200 with those."""
        project = self._project(id)
        kind = (request.content_type or "").split(";")[0].strip().lower()
        if kind not in TYPES:
            raise UnsupportedMediaType(kind, detail=f"Send the archive itself, as one of {', '.join(TYPES)}.")
        sent = request._request
        upload, is_new = services.receive_upload(
            actor=self.actor,
            project=project,
            read=sent.read,
            now=now(),
            name=request.query_params.get("name", ""),
            declared=TYPES[kind],
            length=_length(request),
            digest=_digest(request),
        )
        return self.shown(upload, status=201 if is_new else 200)

    def _project(self, id: str) -> Project:
        return visible(Project.objects.visible_to(self.actor).select_related("team"), id)


class Uploads(Shown, RoomViewSet):
    """One archive. It never changes."""

    serializer_class = UploadShown
    users: Users | None = None  # told where the paths are made

    def rows(self) -> QuerySet[Upload]:
        return Upload.objects.visible_to(self.actor).select_related("project__team", "blob")

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Delete it, unless an image is built from it."""
        if self.users is None:
            raise ImproperlyConfigured("what is built from an upload is told where the paths are made")
        services.delete_upload(actor=self.actor, upload=self.found(id), users=self.users)
        return Response(status=204)


def _length(request: Request) -> int | None:
    declared = request.headers.get("Content-Length", "")
    return int(declared) if declared.isdecimal() and len(declared) < 16 and declared != "" else None


def _digest(request: Request) -> str | None:
    given = request.headers.get(DIGEST)
    if given is None:
        return None
    if len(given) != 64:
        raise Invalid({DIGEST: ["64 hexadecimal digits."]})
    return f"sha256:{given.lower()}"


def urlpatterns(users: Users) -> list[URLPattern]:
    """The paths; `users` says what is built from an upload."""
    return [
        path(
            "projects/<id>/uploads/",
            ProjectUploads.as_view({"get": "list", "post": "create"}),
            name="api_project_uploads",
        ),
        path(
            "uploads/<id>/",
            Uploads.as_view({"get": "retrieve", "delete": "destroy"}, users=users),
            name="api_upload",
        ),
    ]
