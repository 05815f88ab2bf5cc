"""REST of an image's revisions: its definitions as they were, and how two of them differ."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.images import services
from webapp.images.api.serializers import BuildSettingsField, ImageSerializer, SourceField
from webapp.images.insight.difference import NOTHING, differ
from webapp.images.models import Image, ImageRevision
from webapp.images.services.revisions import MAX_WHY
from webapp.problems import Invalid
from webapp.rest.etag import tagged
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import RoomViewSet, visible


class LineSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["same", "added", "removed", "gap"])
    text = serializers.CharField()
    before = serializers.IntegerField(allow_null=True, help_text="Number of the line, counted from 1.")
    after = serializers.IntegerField(allow_null=True)


class TextSerializer(serializers.Serializer[Any]):
    """A text that differs. `cut`: too long to be compared line by line, or to be shown whole."""

    path = serializers.CharField()
    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    lines = LineSerializer(many=True)
    cut = serializers.BooleanField()


class SettingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class DifferenceSerializer(serializers.Serializer[Any]):
    """What is not the same; two empty lists where nothing is."""

    settings = SettingSerializer(many=True)
    texts = TextSerializer(many=True)


class RevisionRowSerializer(serializers.ModelSerializer[ImageRevision]):
    """A revision in a list."""

    image = serializers.CharField(source="image_id")
    made_by = serializers.CharField(source="made_as")

    class Meta:
        model = ImageRevision
        fields: tuple[str, ...] = ("id", "image", "number", "made_by", "made_at", "why")
        read_only_fields = fields


class RevisionSerializer(RevisionRowSerializer):
    source: Any = SourceField()
    build = BuildSettingsField()

    class Meta(RevisionRowSerializer.Meta):
        fields = (*RevisionRowSerializer.Meta.fields, "source", "build")
        read_only_fields = fields


class AgainSerializer(StrictSerializer):
    why = serializers.CharField(required=False, allow_blank=True, max_length=MAX_WHY)


class ImageRevisions(RoomViewSet):
    """The history of one image's definition."""

    serializer_class = RevisionRowSerializer
    page_ordering = ("-number",)

    def rows(self) -> QuerySet[ImageRevision]:
        return ImageRevision.objects.visible_to(self.actor).defer("source", "build")

    @extend_schema(responses=RevisionRowSerializer(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of its revisions, newest first; the last 200 are kept."""
        image = visible(Image.objects.visible_to(self.actor), id)
        page = self.paginate_queryset(self.rows().filter(image=image))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class Revisions(RoomViewSet):
    """A definition as it once was."""

    serializer_class = RevisionSerializer
    action_params = {"difference": frozenset({"with"})}

    def rows(self) -> QuerySet[ImageRevision]:
        return ImageRevision.objects.visible_to(self.actor).select_related("image__project__team")

    def retrieve(self, request: Request, id: str) -> Response:
        """One revision with its whole definition."""
        return tagged(request, self.get_serializer(self.found(id)).data)

    @extend_schema(
        parameters=[OpenApiParameter("with", int, description="Number of the other revision; the one before it.")],
        responses=DifferenceSerializer,
    )
    def difference(self, request: Request, id: str) -> Response:
        """What became different from another revision of the image, the one before by default, to this one."""
        revision = self.found(id)
        before = _other(revision, request.query_params.get("with"))
        found = differ(before.definition if before is not None else NOTHING, revision.definition)
        return Response(DifferenceSerializer(found).data)

    @extend_schema(request=AgainSerializer, responses=ImageSerializer)
    def reuse(self, request: Request, id: str) -> Response:
        """Define the image as it was then: a new revision, or none where it is defined so already."""
        body = self.body(AgainSerializer)
        image = services.use_revision_again(actor=self.actor, revision=self.found(id), **body)
        return Response(ImageSerializer(image).data)


def _other(revision: ImageRevision, number: str | None) -> ImageRevision | None:
    if number is None:
        return revision.before()
    named = revision.sibling(number)
    if named is None:
        raise Invalid({"with": ["No revision of this image has that number."]})
    return named


urlpatterns = [
    path("images/<id>/revisions/", ImageRevisions.as_view({"get": "list"}), name="api_image_revisions"),
    path("image-revisions/<id>/", Revisions.as_view({"get": "retrieve"}), name="api_image_revision"),
    path(
        "image-revisions/<id>/difference/",
        Revisions.as_view({"get": "difference"}),
        name="api_image_revision_difference",
    ),
    path("image-revisions/<id>/reuse/", Revisions.as_view({"post": "reuse"}), name="api_image_revision_reuse"),
]
