"""The REST API of the lint: what an editor asks while somebody types."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.images.lint.checking import check
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import RoomView

MAX_TEXT = 256 * 1024  # characters
MAX_PATHS = 500
MAX_PATH = 500


class DockerfileSerializer(StrictSerializer):
    """`files`: the paths beside it, where all of them are known; what is copied is then looked for among them."""

    dockerfile = serializers.CharField(max_length=MAX_TEXT, allow_blank=True, trim_whitespace=False)
    files = serializers.ListField(
        child=serializers.CharField(max_length=MAX_PATH, trim_whitespace=False),
        required=False,
        allow_null=True,
        max_length=MAX_PATHS,
    )


class FindingSerializer(serializers.Serializer[Any]):
    """`error`: the build will fail. `warning`: it will not do what was meant. `hint`: it could be better."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["error", "warning", "hint"])
    line = serializers.IntegerField(help_text="Counted from 1.")
    last = serializers.IntegerField()
    text = serializers.CharField()


class FindingsSerializer(serializers.Serializer[Any]):
    findings = FindingSerializer(many=True)


class DockerfileChecks(RoomView):
    """Mistakes that people make in Dockerfiles."""

    @extend_schema(request=DockerfileSerializer, responses=FindingsSerializer)
    def post(self, request: Request) -> Response:
        """Check a Dockerfile as it is typed; nothing is kept."""
        body = self.body(DockerfileSerializer)
        found = check(body["dockerfile"], files=body.get("files"))
        return Response(FindingsSerializer({"findings": found}).data)


urlpatterns = [path("dockerfile-checks/", DockerfileChecks.as_view(), name="api_dockerfile_checks")]
