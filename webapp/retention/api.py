"""REST of retention: the rule of a project or an image, what it would do, and doing it."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.holdings.models import Forgetting
from webapp.images.models import Image
from webapp.registries.models import Erasure
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import RoomViewSet, visible
from webapp.retention import services
from webapp.retention.bodies import (
    DryRunBody,
    ErasureShown,
    ForgettingShown,
    PlansShown,
    RetentionShown,
    RuleBody,
    plans_shown,
)
from webapp.retention.models import RetentionRule
from webapp.retention.services import RuleSettings
from webapp.teams.models import Project


class Retention(RoomViewSet):
    """Which builds keep their images. `of_image`: the id names an image, else a project."""

    serializer_class = RetentionShown
    of_image = False

    def rows(self) -> QuerySet[RetentionRule]:
        return RetentionRule.objects.none()

    @extend_schema(responses=RetentionShown)
    def look(self, request: Request, id: str) -> Response:
        """The rule, null where there is none: then nothing is removed."""
        return self._shown(*self._found(id))

    @extend_schema(request=RuleBody, responses=RetentionShown)
    def replace(self, request: Request, id: str) -> Response:
        """Set the rule. It is applied a day later for the first time: look at its dry run before."""
        project, image = self._found(id)
        settings = RuleSettings(**self.body(RuleBody))
        services.set_rule(actor=self.actor, project=project, image=image, settings=settings, now=now())
        return self._shown(project, image)

    @extend_schema(responses={204: None})
    def clear(self, request: Request, id: str) -> Response:
        """Take the rule away: an image follows its project's again, a project's images are all kept."""
        project, image = self._found(id)
        services.clear_rule(actor=self.actor, project=project, image=image)
        return Response(status=204)

    @extend_schema(request=DryRunBody, responses=PlansShown)
    def dry_run(self, request: Request, id: str) -> Response:
        """What would go, why every other build stays, and how much it frees at most. Changes nothing."""
        project, image = self._found(id)
        asked = self.body(DryRunBody).get("rule")
        settings = RuleSettings(**asked) if asked is not None else None
        return Response(plans_shown(services.dry_run(project=project, image=image, settings=settings, now=now())))

    @extend_schema(request=NothingSerializer, responses=PlansShown)
    def run(self, request: Request, id: str) -> Response:
        """Do it now; what is answered has been marked as gone, and its hosts are told to let go of it."""
        project, image = self._found(id)
        self.body(NothingSerializer)
        return Response(plans_shown(services.apply(actor=self.actor, project=project, image=image, now=now())))

    def _found(self, id: str) -> tuple[Project, Image | None]:
        if self.of_image:
            image = visible(Image.objects.visible_to(self.actor).select_related("project__team"), id)
            return image.project, image
        return visible(Project.objects.visible_to(self.actor).select_related("team"), id), None

    def _shown(self, project: Project, image: Image | None) -> Response:
        rules = {rule.image_id: rule for rule in RetentionRule.objects.filter(project=project)}
        of_project = rules.get(None)
        shown = {
            "rule": rules.get(image.id) if image is not None else of_project,
            "inherited": of_project if image is not None else None,
        }
        return Response(RetentionShown(shown).data)


class Forgettings(RoomViewSet):
    """What hosts were told to let go of."""

    serializer_class = ForgettingShown

    def rows(self) -> QuerySet[Forgetting]:
        return Forgetting.objects.select_related("host")

    @extend_schema(responses=ForgettingShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of the orders of a project, newest first; kept for 30 days."""
        project = visible(Project.objects.visible_to(self.actor), id)
        page = self.paginate_queryset(self.rows().filter(project=project))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class Erasures(RoomViewSet):
    """What Slipway's own registry was told to let go of."""

    serializer_class = ErasureShown

    def rows(self) -> QuerySet[Erasure]:
        return Erasure.objects.select_related("registry")

    @extend_schema(responses=ErasureShown(many=True))
    def list(self, request: Request, id: str) -> Response:
        """A page of the project's, newest first; kept for 30 days after they are done."""
        project = visible(Project.objects.visible_to(self.actor), id)
        page = self.paginate_queryset(self.rows().filter(project=project))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


RULE: dict[str, Any] = {"get": "look", "put": "replace", "delete": "clear"}

urlpatterns = [
    path("projects/<id>/retention/", Retention.as_view(RULE), name="api_project_retention"),
    path("projects/<id>/retention/dry-runs/", Retention.as_view({"post": "dry_run"}), name="api_project_retention_dry"),
    path("projects/<id>/retention/runs/", Retention.as_view({"post": "run"}), name="api_project_retention_run"),
    path("projects/<id>/forgettings/", Forgettings.as_view({"get": "list"}), name="api_project_forgettings"),
    path("projects/<id>/erasures/", Erasures.as_view({"get": "list"}), name="api_project_erasures"),
    path("images/<id>/retention/", Retention.as_view(RULE, of_image=True), name="api_image_retention"),
    path(
        "images/<id>/retention/dry-runs/",
        Retention.as_view({"post": "dry_run"}, of_image=True),
        name="api_image_retention_dry",
    ),
    path(
        "images/<id>/retention/runs/", Retention.as_view({"post": "run"}, of_image=True), name="api_image_retention_run"
    ),
]
