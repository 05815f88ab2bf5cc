"""REST of environments and secrets."""

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from webapp.environments import services
from webapp.environments.bodies import (
    EnvironmentChange,
    EnvironmentShown,
    NewEnvironment,
    NewSecret,
    SecretShown,
)
from webapp.environments.models import Environment, Secret, Use
from webapp.hosts.models import Host
from webapp.problems import Invalid
from webapp.rest.filtering import By
from webapp.rest.permissions import KnownWell
from webapp.rest.views import Listed, RoomViewSet, Shown, visible
from webapp.teams.models import Project
from webapp.teams.policy import Action, require


class Environments(Listed, Shown, RoomViewSet):
    """The ordered places of a project."""

    serializer_class = EnvironmentShown
    filters = {"project": By("project_id", kind="id"), "slug": By("slug")}
    page_ordering = ("rank", "id")

    def rows(self) -> QuerySet[Environment]:
        return Environment.objects.visible_to(self.actor).select_related("project__team").prefetch_related("hosts")

    @extend_schema(request=NewEnvironment, responses={201: EnvironmentShown})
    def create(self, request: Request) -> Response:
        """A new environment. Hosts by name or id; they must serve the team."""
        body = self.body(NewEnvironment)
        project = visible(Project.objects.visible_to(self.actor).select_related("team"), body["project"])
        require(self.actor, Action.OPERATE, project)
        environment = services.create_environment(
            actor=self.actor,
            project=project,
            slug=body["slug"],
            rank=body["rank"],
            protected=body["protected"],
            required_approvals=body["required_approvals"],
            approval_hours=body["approval_hours"],
            allow_skipping=body.get("allow_skipping"),
            windows=body.get("windows", []),
            freezes=body.get("freezes", []),
            hosts=_hosts(project, body.get("hosts", [])),
            variables=body.get("variables"),
        )
        return self.shown(environment, status=201)

    @extend_schema(request=EnvironmentChange, responses={200: EnvironmentShown})
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given; what runs there goes on as it is until the next deployment."""
        environment = self.found(id)
        body = self.body(EnvironmentChange)
        services.change_environment(
            actor=self.actor,
            environment=environment,
            slug=body.get("slug"),
            rank=body.get("rank"),
            protected=body.get("protected"),
            required_approvals=body.get("required_approvals"),
            approval_hours=body.get("approval_hours"),
            allow_skipping=body.get("allow_skipping"),
            windows=body.get("windows"),
            freezes=body.get("freezes"),
            hosts=_hosts(environment.project, body["hosts"]) if "hosts" in body else None,
            variables=body.get("variables"),
        )
        return self.shown(self.found(id))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Remove an environment in which nothing runs and of which nothing is kept."""
        services.delete_environment(actor=self.actor, environment=self.found(id))
        return Response(status=204)


class Secrets(Listed, Shown, RoomViewSet):
    """Secrets, every version of them, without their values."""

    serializer_class = SecretShown
    permission_classes = [KnownWell]
    filters = {
        "project": By("project_id", kind="id"),
        "environment": By("environment_id", kind="id"),
        "name": By("name"),
        "use": By("use", choices=tuple(Use.values)),
        "current": By("retired_at__isnull", kind="flag", about="`true`: only those that are not retired."),
    }

    def rows(self) -> QuerySet[Secret]:
        return Secret.objects.visible_to(self.actor).select_related("project__team", "environment", "created_by")

    @extend_schema(request=NewSecret, responses={201: SecretShown})
    def create(self, request: Request) -> Response:
        """A secret, or a new version of it. Nobody reads the value back."""
        body = self.body(NewSecret)
        project = visible(Project.objects.visible_to(self.actor).select_related("team"), body["project"])
        place = body.get("environment")
        environments = Environment.objects.visible_to(self.actor).filter(project=project)
        secret = services.set_secret(
            actor=self.actor,
            project=project,
            environment=visible(environments, place) if place is not None else None,
            name=body["name"],
            value=body["value"],
            use=body.get("use"),
        )
        return self.shown(secret, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Retire a secret, in all its versions. Releases that name it keep it."""
        services.retire_secret(actor=self.actor, secret=self.found(id))
        return Response(status=204)


def _hosts(project: Project, wanted: list[str]) -> list[Host]:
    serving = Host.objects.serving(project.team_id).exclude(credential_digest="")
    found = list(serving.filter(Q(name__in=wanted) | Q(id__in=wanted)))
    known = {host.name for host in found} | {host.id for host in found}
    lacking = sorted(set(wanted) - known)
    if lacking:
        raise Invalid({"hosts": [f"No host {', '.join(lacking)} serves this team."]})
    return found


router = SimpleRouter()
router.register("environments", Environments, basename="environment")
router.register("secrets", Secrets, basename="secret")
urlpatterns = router.urls
