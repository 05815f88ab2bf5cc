"""REST of hosts: whoever is served sees them; a site admin manages them."""

from django.db.models import QuerySet
from django.urls import path
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from webapp.hosts import services
from webapp.hosts.bodies import HostAwaited, HostChange, HostShown, NewHost
from webapp.hosts.command import command_for
from webapp.hosts.models import Host
from webapp.problems import Invalid
from webapp.rest.filtering import By
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import Listed, RoomViewSet, Shown
from webapp.teams.models import Team
from webapp.teams.policy import require_site_admin


class Hosts(Listed, Shown, RoomViewSet):
    """Machines with an engine."""

    serializer_class = HostShown
    filters = {"name": By("name"), "drained": By("drained", kind="flag")}

    def rows(self) -> QuerySet[Host]:
        return Host.objects.visible_to(self.actor).prefetch_related("teams")

    @extend_schema(request=NewHost, responses={201: HostAwaited})
    def create(self, request: Request) -> Response:
        """A host that awaits its machine. The one-time code for it, good for 15 minutes, is in this answer only."""
        if not services.teams_to_serve(self.actor):
            require_site_admin(self.actor)
        body = self.body(NewHost)
        teams = _teams(body.get("teams", []), Team.objects.visible_to(self.actor))
        host, code = services.invite(
            actor=self.actor, name=body["name"], every_team=body["every_team"], teams=teams, now=now()
        )
        return self._awaited(host, code)

    @extend_schema(request=HostChange, responses={200: HostShown})
    def partial_update(self, request: Request, id: str) -> Response:
        """Say whom it serves, how many builds it runs at once, its labels, and what replicas may take of it."""
        host = self.found(id)
        body = self.body(HostChange)
        if "every_team" in body or "teams" in body:
            teams = _teams(body.get("teams", []), Team.objects.all())
            every = body.get("every_team", False if teams else host.every_team)
            services.restrict(actor=self.actor, host=host, every_team=every, teams=teams)
        if "build_slots" in body:
            services.set_build_slots(actor=self.actor, host=host, build_slots=body["build_slots"])
        if "labels" in body:
            services.set_labels(actor=self.actor, host=host, labels=body["labels"])
        if {"max_cpus", "max_memory", "max_replicas"} & set(body):
            room = services.Room(
                cpus=body.get("max_cpus", host.max_cpus),
                memory=body.get("max_memory", host.max_memory),
                replicas=body.get("max_replicas", host.max_replicas),
            )
            services.set_room(actor=self.actor, host=host, room=room)
        return self.shown(self.found(id))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Revoke its credential. What runs there is kept in mind, the host is believed nothing any more."""
        services.revoke(actor=self.actor, host=self.found(id))
        return Response(status=204)

    @extend_schema(request=NothingSerializer, responses={200: HostShown})
    def drain(self, request: Request, id: str) -> Response:
        """Take no new work; what runs goes on."""
        host = self.found(id)
        self.body(NothingSerializer)
        return self.shown(services.set_drained(actor=self.actor, host=host, drained=True))

    @extend_schema(responses={200: HostShown})
    def undrain(self, request: Request, id: str) -> Response:
        """Take work again."""
        return self.shown(services.set_drained(actor=self.actor, host=self.found(id), drained=False))

    @extend_schema(request=NothingSerializer, responses={201: HostAwaited})
    def enrollment(self, request: Request, id: str) -> Response:
        """A one-time code by which a machine takes this host's place; it goes on as it is until the code is used."""
        host = self.found(id)
        self.body(NothingSerializer)
        return self._awaited(host, services.make_code(actor=self.actor, host=host, now=now()))

    def _awaited(self, host: Host, code: services.Code) -> Response:
        told = {"code": code.text, "command": command_for(self.request, code), "expires_at": code.expires_at}
        return Response({**self.get_serializer(host).data, "enrollment": told}, status=201)


def _teams(ids: list[str], known: QuerySet[Team]) -> list[Team]:
    found = list(known.filter(id__in=ids))
    if len(found) != len(set(ids)):
        raise Invalid({"teams": ["There is no such team."]})
    return found


router = SimpleRouter()
router.register("hosts", Hosts, basename="host")

urlpatterns = [
    *router.urls,
    path("hosts/<str:id>/drain/", Hosts.as_view({"post": "drain", "delete": "undrain"}), name="host-drain"),
    path("hosts/<str:id>/enrollment/", Hosts.as_view({"post": "enrollment"}), name="host-enrollment"),
]
