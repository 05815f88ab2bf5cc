"""REST of two builds side by side."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from runtime.contract.packages import Package
from webapp.images.api.revisions import DifferenceSerializer
from webapp.images.api.serializers import LayerSerializer
from webapp.images.insight.comparing import compare
from webapp.images.insight.showing import previous
from webapp.images.models import Build
from webapp.problems import Invalid
from webapp.rest.views import RoomViewSet


class ComparedBuildSerializer(serializers.ModelSerializer[Build]):
    commit = serializers.SerializerMethodField()
    seconds = serializers.FloatField(allow_null=True, help_text="From when a host took it to its end.")

    class Meta:
        model = Build
        fields = ("id", "number", "state", "revision", "commit", "size", "seconds")
        read_only_fields = fields

    def get_commit(self, build: Build) -> str | None:
        return build.commit or None


class LayerStepsSerializer(serializers.Serializer[Any]):
    """`common`: what both begin with. `known`: by the layers' digests; else by what made them."""

    common = LayerSerializer(many=True)
    removed = LayerSerializer(many=True)
    added = LayerSerializer(many=True)
    known = serializers.BooleanField()


class PackageSerializer(serializers.Serializer[Any]):
    name = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()

    def get_name(self, package: Package) -> str:
        return package[0]

    def get_version(self, package: Package) -> str:
        return package[1]


class ChangedPackageSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class PackageChangesSerializer(serializers.Serializer[Any]):
    """Of each kind at most 300; `total` counts all."""

    added = PackageSerializer(many=True)
    removed = PackageSerializer(many=True)
    changed = ChangedPackageSerializer(many=True)
    total = serializers.IntegerField()


class ComparisonSerializer(serializers.Serializer[Any]):
    """What became different from `before` to `after`."""

    before = ComparedBuildSerializer()
    after = ComparedBuildSerializer()
    commits = serializers.CharField(allow_null=True, help_text="A page of the code host, where it is known.")
    definition = DifferenceSerializer()
    layers = LayerStepsSerializer()
    grown = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    longer = serializers.FloatField(allow_null=True, help_text="Seconds.")
    packages = PackageChangesSerializer(
        allow_null=True, help_text="By the package databases of Debian and Alpine; null where one has none."
    )


class Comparisons(RoomViewSet):
    """How a build differs from another one of its image."""

    serializer_class = ComparisonSerializer
    action_params = {"compare": frozenset({"with"})}

    def rows(self) -> QuerySet[Build]:
        return Build.objects.visible_to(self.actor)

    @extend_schema(
        parameters=[
            OpenApiParameter("with", str, description="Id of the other build; the one that succeeded last before it.")
        ],
        responses=ComparisonSerializer,
    )
    def compare(self, request: Request, id: str) -> Response:
        """What became different from another build of the image to this one."""
        build = self.found(id)
        other = other_of(build, request.query_params.get("with"))
        if other is None:
            raise Invalid({"with": ["Name another build of the same image: none succeeded before this one."]})
        return Response(ComparisonSerializer(compare(other, build)).data)


def other_of(build: Build, id: str | None) -> Build | None:
    """The build of the same image that is named, or the one before."""
    if id is None:
        return previous(build)
    siblings = Build.objects.filter(image=build.image_id).exclude(id=build.id)
    return siblings.filter(id=id).first() if id.isprintable() else None


urlpatterns = [
    path("builds/<id>/comparison/", Comparisons.as_view({"get": "compare"}), name="api_build_comparison"),
]
