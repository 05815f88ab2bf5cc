"""The REST API of what is looked at before a yes: evidence, how far digests have come, what differs between places."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.deployments.board.evidence import evidence
from webapp.deployments.board.journey import between, travelled
from webapp.deployments.models import Deployment, Service
from webapp.deployments.serializers import DeploymentRowSerializer, ReplicaSerializer
from webapp.environments.models import Environment
from webapp.images.api.serializers import StepSerializer
from webapp.problems import Invalid, Missing
from webapp.rest.views import RoomViewSet, visible


class ChangeSerializer(serializers.Serializer[Any]):
    """One thing that differs; an empty text where it is not there."""

    kind = serializers.ChoiceField(choices=("build", "setting", "variable", "secret"))
    name = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class BuildStorySerializer(serializers.Serializer[Any]):
    build = serializers.CharField(source="build.id")
    number = serializers.IntegerField(source="build.number")
    log = serializers.CharField(source="build.log_id")
    steps = StepSerializer(many=True)
    lines = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="The last of its log.")


class FaredSerializer(serializers.Serializer[Any]):
    """How the digest fared in the environment directly before."""

    environment = serializers.CharField(source="environment.id")
    since = serializers.DateTimeField(allow_null=True, help_text="Since when it runs there; null: it does not now.")
    healthy = serializers.IntegerField()
    restarts = serializers.IntegerField()
    replicas = ReplicaSerializer(many=True)
    deployments = DeploymentRowSerializer(many=True, help_text="The last ones of this digest there.")


class EvidenceSerializer(serializers.Serializer[Any]):
    changes = ChangeSerializer(many=True, allow_null=True, help_text="Null: nothing runs there to compare with.")
    build = BuildStorySerializer()
    before = FaredSerializer(allow_null=True, help_text="Null: there is no environment before.")


class StopSerializer(serializers.Serializer[Any]):
    environment = serializers.CharField(help_text="Its short name.")
    at = serializers.DateTimeField(allow_null=True, help_text="When it last succeeded there.")
    runs = serializers.BooleanField()


class TravelledSerializer(serializers.Serializer[Any]):
    build = serializers.CharField()
    number = serializers.IntegerField()
    digest = serializers.CharField(help_text="The image ID, which is the same in every registry.")
    commit = serializers.CharField(allow_blank=True)
    furthest = serializers.CharField(allow_blank=True)
    stops = StopSerializer(many=True)


class JourneySerializer(serializers.Serializer[Any]):
    results = TravelledSerializer(many=True)


class BetweenSerializer(serializers.Serializer[Any]):
    left = serializers.CharField(source="left.id", help_text="The release there.")
    right = serializers.CharField(source="right.id")
    changes = ChangeSerializer(many=True)
    commits = serializers.CharField(allow_null=True, help_text="Where the code host shows what lies between.")


class DeploymentEvidence(RoomViewSet):
    """What a reviewer looks at."""

    serializer_class = EvidenceSerializer

    def rows(self) -> QuerySet[Deployment]:
        return Deployment.objects.visible_to(self.actor).select_related(
            "service__project", "environment", "release__build__log", "release__build__job", "previous__build"
        )

    @extend_schema(responses=EvidenceSerializer)
    def show(self, request: Request, id: str) -> Response:
        """What changes against what runs there, how the build went, and how the digest fared one environment before."""
        return Response(EvidenceSerializer(evidence(visible(self.rows(), id))).data)


class ServiceJourneys(RoomViewSet):
    """What a service runs from environment to environment."""

    serializer_class = JourneySerializer
    action_params = {"comparison": frozenset({"left", "right"})}

    def rows(self) -> QuerySet[Service]:
        return Service.objects.visible_to(self.actor).select_related("project")

    @extend_schema(responses=JourneySerializer)
    def journey(self, request: Request, id: str) -> Response:
        """How far each of its newest digests has come."""
        service = visible(self.rows(), id)
        found = travelled(service.project, list(Environment.objects.filter(project=service.project_id)))
        return Response(JourneySerializer({"results": found.get(service.id, ())}).data)

    @extend_schema(
        responses=BetweenSerializer,
        parameters=[
            OpenApiParameter(name, required=True, description="An environment's id.") for name in ("left", "right")
        ],
    )
    def comparison(self, request: Request, id: str) -> Response:
        """What differs from what runs in one environment to what runs in another: settings, variables, commits."""
        service = visible(self.rows(), id)
        places = Environment.objects.visible_to(self.actor).filter(project=service.project_id)
        asked = {name: request.query_params.get(name, "") for name in ("left", "right")}
        missing = [name for name, place in asked.items() if not place]
        if missing:
            raise Invalid({name: ["Which environment?"] for name in missing}, code="input.parameter")
        found = between(service, visible(places, asked["left"]), visible(places, asked["right"]))
        if found is None:
            raise Missing(code="comparison.nothing", detail="In one of the two nothing of this service runs.")
        return Response(BetweenSerializer(found).data)
