"""The REST API of services and releases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.deployments import services
from webapp.deployments.bodies import EvacuationSerializer, ScaleSerializer
from webapp.deployments.models import Release, Service
from webapp.deployments.serializers import (
    ChangedServiceSerializer,
    DeploymentSerializer,
    NewServiceSerializer,
    ReleaseSerializer,
    ServiceSerializer,
)
from webapp.deployments.settings.aspects import FIELDS
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.images.models import Image
from webapp.problems import Invalid
from webapp.rest.filtering import By, narrowed
from webapp.rest.views import Listed, RoomViewSet, Shown, visible
from webapp.teams.models import Project


class Services(Listed, Shown, RoomViewSet):
    """What runs: an image and how to run it."""

    serializer_class = ServiceSerializer
    filters = {"project": By("project_id", kind="id"), "slug": By("slug")}
    more_problems = (422,)

    def rows(self) -> QuerySet[Service]:
        return Service.objects.visible_to(self.actor).select_related("project__team", "image")

    @extend_schema(request=NewServiceSerializer, responses={201: ServiceSerializer})
    def create(self, request: Request) -> Response:
        """Define a service."""
        body = self.body(NewServiceSerializer)
        project = visible(Project.objects.visible_to(self.actor), body.pop("project"))
        image = visible(Image.objects.visible_to(self.actor), body.pop("image"))
        settings = _settings(body)
        with _flat():
            service = services.define_service(actor=self.actor, project=project, image=image, settings=settings, **body)
        return self.shown(service, status=201)

    @extend_schema(request=ChangedServiceSerializer, responses=ServiceSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given; what runs changes with the next deployment."""
        service, body = self.found(id), self.body(ChangedServiceSerializer)
        if "image" in body:
            body["image"] = visible(Image.objects.visible_to(self.actor), body["image"])
        settings = {**service.settings, **_settings(body)}
        with _flat():
            changed = services.change_service(actor=self.actor, service=service, settings=settings, **body)
        return self.shown(changed)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Delete it with its history; hosts are told to remove its containers."""
        services.delete_service(actor=self.actor, service=self.found(id))
        return Response(status=204)

    @extend_schema(request=ScaleSerializer, responses={202: DeploymentSerializer})
    def scale(self, request: Request, id: str) -> Response:
        """Run this many replicas in an environment."""
        service, body = self.found(id), self.body(ScaleSerializer)
        environment = visible(Environment.objects.visible_to(self.actor), body.pop("environment"))
        deployment = services.scale(actor=self.actor, service=service, environment=environment, **body)
        return Response(DeploymentSerializer(deployment).data, status=202)

    @extend_schema(request=EvacuationSerializer, responses={202: DeploymentSerializer})
    def evacuation(self, request: Request, id: str) -> Response:
        """Move its replicas away from a host, heard or not."""
        service, body = self.found(id), self.body(EvacuationSerializer)
        environment = visible(Environment.objects.visible_to(self.actor), body.pop("environment"))
        host = Host.objects.visible_to(self.actor).filter(name=body.pop("host")).first()
        if host is None:
            raise Invalid({"host": ["There is no such host."]})
        deployment = services.evacuate(actor=self.actor, service=service, environment=environment, host=host, **body)
        return Response(DeploymentSerializer(deployment).data, status=202)


class ServiceReleases(RoomViewSet):
    """The releases of one service."""

    serializer_class = ReleaseSerializer
    filters = {"environment": By("environment_id", kind="id")}
    page_ordering = ("-number",)

    def rows(self) -> QuerySet[Release]:
        return Release.objects.visible_to(self.actor).select_related("build")

    @extend_schema(responses=ReleaseSerializer(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of them, newest first."""
        service = visible(Service.objects.visible_to(self.actor), id)
        page = self.paginate_queryset(narrowed(self.rows().filter(service=service), request.query_params, self.filters))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class Releases(Shown, RoomViewSet):
    """Immutable snapshots of all that determines what runs."""

    serializer_class = ReleaseSerializer

    def rows(self) -> QuerySet[Release]:
        return Release.objects.visible_to(self.actor).select_related("build")


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    """Takes the settings out of a body in which they stand beside the rest."""
    return {name: body.pop(name) for name in FIELDS if name in body}


@contextmanager
def _flat() -> Iterator[None]:
    """Settings stand beside the rest in a body, so their errors do too."""
    try:
        yield
    except Invalid as refusal:
        raise Invalid({name.removeprefix("settings."): texts for name, texts in refusal.errors.items()}) from refusal
