"""The REST API of deployments and replicas, and the paths of the whole room."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from runtime.contract import states
from webapp.deployments import services
from webapp.deployments.api_evidence import DeploymentEvidence, ServiceJourneys
from webapp.deployments.api_hosts import LeavingHosts
from webapp.deployments.api_services import Releases, ServiceReleases, Services
from webapp.deployments.bodies import (
    EmergencySerializer,
    NewApprovalSerializer,
    NewDeploymentSerializer,
    NewRejectionSerializer,
    ReviewSerializer,
    WishSerializer,
)
from webapp.deployments.models import Approval, Deployment, Release, Replica, Service
from webapp.deployments.serializers import (
    ApprovalSerializer,
    DeploymentRowSerializer,
    DeploymentSerializer,
    ReplicaSerializer,
)
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.rest.filtering import By
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import Awaited, Listed, RoomViewSet, Shown, visible
from webapp.teams.policy import Actor


class Deployments(Listed, Awaited, RoomViewSet):
    """Attempts to make an environment run a release."""

    serializer_class = DeploymentSerializer
    terminal = states.terminal_states(states.DEPLOYMENT)
    filters = {
        "service": By("service_id", kind="id"),
        "environment": By("environment_id", kind="id"),
        "project": By("service__project_id", kind="id"),
        "state": By("state", choices=tuple(states.DEPLOYMENT)),
        "review_owed": By("review_owed", kind="flag", about="`true`: emergencies that nobody has reviewed yet."),
    }
    more_problems = (422,)

    def get_serializer_class(self) -> Any:
        return DeploymentRowSerializer if self.action == "list" else DeploymentSerializer

    def rows(self) -> QuerySet[Deployment]:
        return _rows(self.actor) if self.action == "list" else _whole(self.actor)

    @extend_schema(request=NewDeploymentSerializer, responses={202: DeploymentSerializer})
    def create(self, request: Request) -> Response:
        """Make an environment run a build (by id or digest), or an earlier release of it."""
        body = self.body(NewDeploymentSerializer)
        given: dict[str, Any] = {"comment": body.get("comment", ""), "digest": body.get("digest")}
        given["emergency"], given["queue"] = body.get("emergency", ""), body.get("queue", False)
        runs = Service.objects.visible_to(self.actor).select_related("project__team", "image")
        given["service"] = visible(runs, body["service"])
        given["environment"] = visible(Environment.objects.visible_to(self.actor), body["environment"])
        if "build" in body:
            given["build"] = visible(Build.objects.visible_to(self.actor), body["build"])
        if "release" in body:
            releases = Release.objects.visible_to(self.actor).select_related("build", "environment")
            given["release"] = visible(releases, body["release"])
        return self._accepted(services.deploy(actor=self.actor, **given))

    @extend_schema(request=NewRejectionSerializer, responses={202: DeploymentSerializer})
    def reject(self, request: Request, id: str) -> Response:
        """Say no: the deployment ends."""
        deployment, body = self.found(id), self.body(NewRejectionSerializer)
        return self._accepted(services.reject(actor=self.actor, deployment=deployment, **body))

    @extend_schema(request=NothingSerializer, responses={202: DeploymentSerializer})
    def cancellation(self, request: Request, id: str) -> Response:
        """Take it back: at once while it waits, by way of its host while it rolls."""
        self.body(NothingSerializer)
        return self._accepted(services.cancel(actor=self.actor, deployment=self.found(id)))

    @extend_schema(request=NothingSerializer, responses={202: DeploymentSerializer})
    def replanning(self, request: Request, id: str) -> Response:
        """Plan anew what waits for approval, from the facts of now; approvals of the former plan lapse."""
        self.body(NothingSerializer)
        return self._accepted(services.replan(actor=self.actor, deployment=self.found(id)))

    @extend_schema(request=EmergencySerializer, responses={202: DeploymentSerializer})
    def emergency(self, request: Request, id: str) -> Response:
        """Carry out as an emergency what waits for approval: a new deployment takes its place, and a review is owed."""
        body = self.body(EmergencySerializer)
        return self._accepted(services.hurry(actor=self.actor, deployment=self.found(id), **body))

    @extend_schema(request=ReviewSerializer, responses={202: DeploymentSerializer})
    def review(self, request: Request, id: str) -> Response:
        """Say what came of looking at an emergency afterwards; never by the one who asked for it."""
        body = self.body(ReviewSerializer)
        return self._accepted(services.review(actor=self.actor, deployment=self.found(id), **body))

    @extend_schema(request=WishSerializer, responses={202: DeploymentSerializer})
    def rollback(self, request: Request, id: str) -> Response:
        """Run again what ran before this deployment."""
        body = self.body(WishSerializer)
        return self._accepted(services.roll_back(actor=self.actor, deployment=self.found(id), **body))

    @extend_schema(request=WishSerializer, responses={202: DeploymentSerializer})
    def promotion(self, request: Request, id: str) -> Response:
        """Run the same digest one environment further."""
        body = self.body(WishSerializer)
        return self._accepted(services.promote(actor=self.actor, deployment=self.found(id), **body))

    def _accepted(self, deployment: Deployment) -> Response:
        return self.shown(self.found(deployment.id), status=202)


class DeploymentApprovals(RoomViewSet):
    """Who said yes or no to one deployment."""

    serializer_class = ApprovalSerializer
    page_ordering = ("created_at", "id")
    more_problems = (422,)

    def rows(self) -> QuerySet[Approval]:
        mine = Deployment.objects.visible_to(self.actor)
        return Approval.objects.filter(deployment__in=mine).select_related("user")

    @extend_schema(responses=ApprovalSerializer(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of them, oldest first."""
        deployment = visible(Deployment.objects.visible_to(self.actor), id)
        page = self.paginate_queryset(self.rows().filter(deployment=deployment))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewApprovalSerializer, responses={202: DeploymentSerializer})
    def create(self, request: Request, id: str) -> Response:
        """Say yes to the plan with this hash; when enough people have, it starts."""
        deployment, body = visible(_whole(self.actor), id), self.body(NewApprovalSerializer)
        services.approve(actor=self.actor, deployment=deployment, **body)
        return Response(DeploymentSerializer(visible(_whole(self.actor), id)).data, status=202)


class Replicas(Listed, Shown, RoomViewSet):
    """Wanted copies and what runs of them; also those not wanted any more, as long as they have a container."""

    serializer_class = ReplicaSerializer
    filters = {
        "service": By("service_id", kind="id"),
        "environment": By("environment_id", kind="id"),
        "project": By("service__project_id", kind="id"),
        "host": By("host__name"),
        "state": By("state", choices=tuple(states.REPLICA)),
    }
    page_ordering = ("service_id", "environment_id", "index", "id")
    more_problems = (422,)

    def rows(self) -> QuerySet[Replica]:
        rows = Replica.objects.visible_to(self.actor).select_related(
            "service__project__team", "environment", "host", "release"
        )
        return rows.filter(~Q(desired="gone") | ~Q(container="")) if self.action == "list" else rows

    @extend_schema(request=WishSerializer, responses={202: DeploymentSerializer})
    def restart(self, request: Request, id: str) -> Response:
        """Restart its container, by way of the gate like any other change."""
        return self._change(services.restart, id)

    @extend_schema(request=WishSerializer, responses={202: DeploymentSerializer})
    def stop(self, request: Request, id: str) -> Response:
        """Stop its container; it stays, to be started again."""
        return self._change(services.stop, id)

    @extend_schema(request=WishSerializer, responses={202: DeploymentSerializer})
    def start(self, request: Request, id: str) -> Response:
        """Start its container."""
        return self._change(services.start, id)

    @extend_schema(request=WishSerializer, responses={202: DeploymentSerializer})
    def duplication(self, request: Request, id: str) -> Response:
        """One replica more like it."""
        return self._change(services.duplicate, id)

    @extend_schema(request=WishSerializer, responses={202: DeploymentSerializer})
    def deletion(self, request: Request, id: str) -> Response:
        """One replica less: this one goes, the others stay as they are."""
        return self._change(services.delete_replica, id)

    def _change(self, verb: Callable[..., Deployment], id: str) -> Response:
        replica, body = self.found(id), self.body(WishSerializer)
        deployment = verb(
            actor=self.actor, service=replica.service, environment=replica.environment, replica=replica, **body
        )
        return Response(DeploymentSerializer(deployment).data, status=202)


def _rows(actor: Actor) -> QuerySet[Deployment]:
    rows: QuerySet[Deployment] = Deployment.objects.visible_to(actor)
    return rows.select_related(
        "service__project__team", "service__image", "environment", "release__build", "previous__build"
    )


def _whole(actor: Actor) -> QuerySet[Deployment]:
    """With all that one deployment shows."""
    return _rows(actor).prefetch_related(
        "host_jobs__job__host", "host_jobs__job__steps", "approvals__user", "reviewed_by"
    )


_DEPLOYMENT_VERBS = {
    "rejections": "reject",
    "cancellation": "cancellation",
    "replanning": "replanning",
    "emergency": "emergency",
    "review": "review",
    "rollback": "rollback",
    "promotion": "promotion",
}
_one: dict[str, Any] = {"get": "retrieve"}
_many: dict[str, Any] = {"get": "list", "post": "create"}

urlpatterns = [
    path("services/", Services.as_view(_many), name="api_services"),
    path(
        "services/<id>/",
        Services.as_view({**_one, "patch": "partial_update", "delete": "destroy"}),
        name="api_service",
    ),
    path("services/<id>/releases/", ServiceReleases.as_view({"get": "list"}), name="api_service_releases"),
    path("services/<id>/journey/", ServiceJourneys.as_view({"get": "journey"}), name="api_service_journey"),
    path("services/<id>/comparison/", ServiceJourneys.as_view({"get": "comparison"}), name="api_service_comparison"),
    path("services/<id>/evacuation/", Services.as_view({"post": "evacuation"}), name="api_service_evacuation"),
    path("services/<id>/scale/", Services.as_view({"post": "scale"}), name="api_service_scale"),
    path("releases/<id>/", Releases.as_view(_one), name="api_release"),
    path("deployments/", Deployments.as_view(_many), name="api_deployments"),
    path("deployments/<id>/", Deployments.as_view(_one), name="api_deployment"),
    path("deployments/<id>/evidence/", DeploymentEvidence.as_view({"get": "show"}), name="api_deployment_evidence"),
    path("deployments/<id>/approvals/", DeploymentApprovals.as_view(_many), name="api_deployment_approvals"),
    *(
        path(f"deployments/<id>/{noun}/", Deployments.as_view({"post": verb}), name=f"api_deployment_{noun}")
        for noun, verb in _DEPLOYMENT_VERBS.items()
    ),
    path("replicas/", Replicas.as_view({"get": "list"}), name="api_replicas"),
    path("replicas/<id>/", Replicas.as_view(_one), name="api_replica"),
    *(
        path(f"replicas/<id>/{verb}/", Replicas.as_view({"post": verb}), name=f"api_replica_{verb}")
        for verb in ("restart", "stop", "start", "duplication", "deletion")
    ),
    path("hosts/<id>/evacuation/", LeavingHosts.as_view({"post": "evacuation"}), name="api_host_evacuation"),
    path("hosts/<id>/removal/", LeavingHosts.as_view({"post": "removal"}), name="api_host_removal"),
]
