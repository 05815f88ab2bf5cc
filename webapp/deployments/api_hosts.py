"""The REST API of leaving a host: what runs there moves away, and the host itself goes."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.deployments import services
from webapp.deployments.bodies import CommentSerializer
from webapp.hosts.models import Host
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import RoomViewSet, visible


class RefusedSerializer(serializers.Serializer[Any]):
    service = serializers.CharField(source="service.id")
    environment = serializers.CharField(source="environment.id")
    why = serializers.CharField()


class LeftSerializer(serializers.Serializer[Any]):
    """What became of it, for each service in an environment."""

    deployments = serializers.ListField(child=serializers.CharField(), help_text="Ids of what was asked for.")
    refused = RefusedSerializer(many=True)


class LeavingHosts(RoomViewSet):
    """Hosts that are left."""

    serializer_class = LeftSerializer
    more_problems = (422,)

    @extend_schema(request=CommentSerializer, responses={202: LeftSerializer})
    def evacuation(self, request: Request, id: str) -> Response:
        """Move what runs there away, each service by a deployment that meets the gates of its environment."""
        host = visible(Host.objects.visible_to(self.actor), id)
        left = services.leave_host(actor=self.actor, host=host, **self.body(CommentSerializer))
        refused = RefusedSerializer(left.refused, many=True).data
        return Response({"deployments": [made.id for made in left.deployments], "refused": refused}, status=202)

    @extend_schema(request=NothingSerializer, responses={204: None})
    def removal(self, request: Request, id: str) -> Response:
        """Revoke it and take it out of the list and of every environment; 409 while something runs there."""
        host = visible(Host.objects.visible_to(self.actor), id)
        self.body(NothingSerializer)
        services.remove_host(actor=self.actor, host=host)
        return Response(status=204)
