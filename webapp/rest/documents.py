"""The API's description, its pages, and the answer for addresses that are none."""

from functools import cache
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.problems import Missing
from webapp.rest.reference import reference
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import RoomView


class OneFormat(BaseContentNegotiation):
    """The description is there in one format only, whatever is asked for."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class Schema(RoomView):
    """OpenAPI 3.1 of everything under `/api/v1/`."""

    renderer_classes = [OpenApiJsonRenderer]
    content_negotiation_class = OneFormat

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The description itself."""
        return Response(description())


@cache
def description() -> dict[str, Any]:
    """The same for everybody, so it is made once per process."""
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return made


@cache
def _rooms() -> SafeString:
    """The part of the page that is the same for everybody: a megabyte of markup."""
    return render_to_string("rest/rooms.html", {"reference": reference(description())})


class Place(StrictSerializer):
    """An address that may be asked as it is."""

    name = serializers.CharField()
    url = serializers.URLField()


class Places(StrictSerializer):
    """Where the API begins."""

    places = Place(many=True)


class Root(RoomView):
    """The beginning of the API."""

    @extend_schema(responses={200: Places}, tags=["api"])
    def get(self, request: Request) -> Response:
        """Every list and every other address that needs no id, and where the whole description is."""
        paths = [*_beginnings(), reverse("api-schema"), reverse("api-docs")]
        named = [(path.removeprefix(request.path).rstrip("/"), path) for path in paths]
        return Response({"places": [{"name": name, "url": request.build_absolute_uri(path)} for name, path in named]})


@cache
def _beginnings() -> tuple[str, ...]:
    found = description()["paths"].items()
    return tuple(
        path for path, methods in found if "get" in methods and "{" not in path and path != reverse("api-root")
    )


class Pages(LoginRequiredMixin, TemplateView):
    """The description for people."""

    template_name = "rest/docs.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(rooms=_rooms(), **kwargs)


class Nowhere(RoomView):
    """Any other address under `/api/`."""

    @extend_schema(exclude=True)
    def get(self, request: Request, **rest: str) -> Response:
        raise Missing(code="missing", detail="")

    post = put = patch = delete = get
