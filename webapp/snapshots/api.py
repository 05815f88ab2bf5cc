"""The REST API of replicas' files."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from runtime.contract import states
from webapp.deployments.models import Replica
from webapp.images.api.serializers import BuildSerializer, ErrorSerializer, error_of
from webapp.images.sources.container import MAX_AUTHOR, MAX_MESSAGE
from webapp.rest.serializers import NothingSerializer, StrictSerializer
from webapp.rest.views import Awaited, RoomViewSet, visible
from webapp.snapshots import services
from webapp.snapshots.entering import require_entry
from webapp.snapshots.models import Comparison
from webapp.snapshots.suspicious import looks_secret


class FileChangeShown(serializers.Serializer[Any]):
    """A path that is not as in the image."""

    kind = serializers.ChoiceField(choices=["added", "changed", "deleted"])
    path = serializers.CharField()
    size = serializers.IntegerField(allow_null=True, help_text="Bytes; null where it was not looked at.")
    directory = serializers.BooleanField()
    secret_like = serializers.SerializerMethodField(help_text="Its name looks as if it held a secret.")

    def get_secret_like(self, change: dict[str, Any]) -> bool:
        return change["kind"] != "deleted" and looks_secret(change["path"])


class ComparisonShown(serializers.ModelSerializer[Comparison]):
    """A look at a container's files. `changes` are the first `total` - `left_out`, by path; `counted` false: there
    are more than `total`.
    """

    replica = serializers.CharField(source="replica_id")
    log = serializers.CharField(source="log_id")
    requested_by = serializers.CharField(source="requested_as")
    total = serializers.IntegerField()
    left_out = serializers.IntegerField()
    changes = FileChangeShown(many=True)
    error = serializers.SerializerMethodField()

    class Meta:
        model = Comparison
        fields = (
            "id", "replica", "container", "state", "log", "requested_by", "created_at", "finished_at", "added",
            "changed", "deleted", "total", "left_out", "counted", "changes", "error",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, comparison: Comparison) -> dict[str, Any] | None:
        return error_of(comparison.problem, [])


class Comparisons(Awaited, RoomViewSet):
    """What is not as in its image in the files of a replica's container."""

    serializer_class = ComparisonShown
    terminal = states.terminal_states(states.JOB)
    more_problems = (422,)

    def rows(self) -> QuerySet[Comparison]:
        rows = Comparison.objects.visible_to(self.actor)
        return rows.select_related("replica__service__project__team", "replica__environment")

    def found(self, id: str) -> Comparison:
        """Visible, and of a replica that the actor may enter. Raises `Missing`, `Forbidden`."""
        row = visible(self.rows(), id)
        require_entry(self.actor, row.replica)
        return row

    @extend_schema(request=NothingSerializer, responses={202: ComparisonShown})
    def create(self, request: Request, id: str) -> Response:
        """Ask its host what changed in its files; the question under way if there is one."""
        self.body(NothingSerializer)
        row = services.compare(actor=self.actor, replica=replica_of(self, id))
        return self.shown(row, status=202)


class NewImageOfReplica(StrictSerializer):
    """`image` is the short name: of a new image, or of one that was made of a container before."""

    image = serializers.CharField(max_length=40, trim_whitespace=False)
    author = serializers.CharField(required=False, allow_blank=True, max_length=MAX_AUTHOR, trim_whitespace=False)
    message = serializers.CharField(required=False, allow_blank=True, max_length=MAX_MESSAGE, trim_whitespace=False)


class ReplicaImages(RoomViewSet):
    """Images made of replicas' files."""

    serializer_class = BuildSerializer
    more_problems = (422,)

    @extend_schema(request=NewImageOfReplica, responses={202: BuildSerializer})
    def create(self, request: Request, id: str) -> Response:
        """Keep the files of its container as an image: a build, on the host where it is. The container stands still
        for a moment. The image has the settings of the one that it ran, and none of its variables; what its files
        hold is in it.
        """
        body = self.body(NewImageOfReplica)
        build = services.make_image(actor=self.actor, replica=replica_of(self, id), slug=body.pop("image"), **body)
        return self.shown(build, status=202)


def replica_of(view: RoomViewSet, id: str) -> Replica:
    """The visible replica with what verbs ask of it. Raises `Missing`."""
    rows = Replica.objects.visible_to(view.actor)
    replica: Replica = visible(
        rows.select_related("service__project__team", "environment", "release__build__image", "host"), id
    )
    return replica


urlpatterns = [
    path("replicas/<id>/comparisons/", Comparisons.as_view({"post": "create"}), name="api_replica_comparisons"),
    path("replicas/<id>/image/", ReplicaImages.as_view({"post": "create"}), name="api_replica_image"),
    path("comparisons/<id>/", Comparisons.as_view({"get": "retrieve"}), name="api_comparison"),
]
