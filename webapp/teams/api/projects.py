"""Projects."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.rest.filtering import By
from webapp.rest.views import Listed, RoomViewSet, Shown, visible
from webapp.teams import services
from webapp.teams.api.bodies import NewProject, ProjectShown, Renaming
from webapp.teams.models import Project, Team


class Projects(Listed, Shown, RoomViewSet):
    """The homes of applications."""

    serializer_class = ProjectShown
    filters = {"team": By("team_id", kind="id"), "slug": By("slug")}

    def rows(self) -> QuerySet[Project]:
        return Project.objects.visible_to(self.actor).select_related("team")

    @extend_schema(request=NewProject, responses={201: ProjectShown})
    def create(self, request: Request) -> Response:
        """A new, empty project of a team."""
        body = self.body(NewProject)
        team = visible(Team.objects.filter(id__in=self.actor.roles), body["team"])
        made = services.create_project(actor=self.actor, team=team, slug=body["slug"], name=body["name"])
        return self.shown(made, status=201)

    @extend_schema(request=Renaming, responses={200: ProjectShown})
    def partial_update(self, request: Request, id: str) -> Response:
        """Another name."""
        project = self.found(id)
        body = self.body(Renaming)
        return self.shown(services.rename_project(actor=self.actor, project=project, name=body["name"]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Remove a project in which nothing is kept any more."""
        services.delete_project(actor=self.actor, project=self.found(id))
        return Response(status=204)
