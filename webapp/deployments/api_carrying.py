"""REST of what carries data: moving a replica, restoring a volume. Deployments like any other."""

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.deployments import services
from webapp.deployments.models import Replica
from webapp.deployments.serializers import DeploymentSerializer
from webapp.deployments.services.request import MAX_COMMENT
from webapp.hosts.models import Host
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import RoomViewSet, visible
from webapp.volumes.models import Backup, Volume


class MoveSerializer(StrictSerializer):
    host = serializers.CharField(help_text="Its name: one of the environment's hosts.")
    comment = serializers.CharField(required=False, allow_blank=True, max_length=MAX_COMMENT)


class RestorationSerializer(StrictSerializer):
    backup = serializers.CharField(help_text="A backup of this volume, or of another one of the project.")
    comment = serializers.CharField(required=False, allow_blank=True, max_length=MAX_COMMENT)


class Moves(RoomViewSet):
    """A replica on its way to another host."""

    serializer_class = DeploymentSerializer
    more_problems = (422,)

    def rows(self) -> QuerySet[Replica]:
        return Replica.objects.visible_to(self.actor).select_related("service__project__team", "environment", "host")

    @extend_schema(request=MoveSerializer, responses={202: DeploymentSerializer})
    def move(self, request: Request, id: str) -> Response:
        """Run it on another host, with its volumes: cold, compared, and taken back whatever fails."""
        replica, body = self.found(id), self.body(MoveSerializer)
        host = visible(Host.objects.visible_to(self.actor), body.pop("host"), field="name")
        deployment = services.move(
            actor=self.actor,
            service=replica.service,
            environment=replica.environment,
            replica=replica,
            host=host,
            **body,
        )
        return self.shown(deployment, status=202)


class Restorations(RoomViewSet):
    """A volume that gets the data of a backup."""

    serializer_class = DeploymentSerializer
    more_problems = (422,)

    def rows(self) -> QuerySet[Volume]:
        return Volume.objects.visible_to(self.actor).select_related("project__team", "environment", "host")

    @extend_schema(request=RestorationSerializer, responses={202: DeploymentSerializer})
    def restore(self, request: Request, id: str) -> Response:
        """Let who has it go on with the data of a backup; what is in it now stays in a volume beside."""
        volume, body = self.found(id), self.body(RestorationSerializer)
        backups = Backup.objects.visible_to(self.actor).select_related("volume__project__team", "volume__environment")
        backup = visible(backups, body.pop("backup"))
        return self.shown(services.restore(actor=self.actor, volume=volume, backup=backup, **body), status=202)


urlpatterns = [
    path("replicas/<id>/move/", Moves.as_view({"post": "move"}), name="api_replica_move"),
    path("volumes/<id>/restoration/", Restorations.as_view({"post": "restore"}), name="api_volume_restoration"),
]
