"""REST of channels and the notices that go out by them."""

from dataclasses import asdict

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.notices import services
from webapp.notices.bodies import (
    STATES,
    ChannelChange,
    ChannelMade,
    ChannelShown,
    NewChannel,
    NoticeShown,
    TestShown,
)
from webapp.notices.events import EVENTS
from webapp.notices.models import Channel, Notice
from webapp.notices.validation import KINDS
from webapp.rest.filtering import By
from webapp.rest.permissions import KnownWell
from webapp.rest.serializers import NothingSerializer
from webapp.rest.views import Listed, RoomViewSet, Shown, visible
from webapp.teams.models import Project
from webapp.teams.policy import Action, require


class Channels(Listed, Shown, RoomViewSet):
    """By which a project tells others what happened."""

    serializer_class = ChannelShown
    permission_classes = [KnownWell]
    filters = {"project": By("project_id", kind="id"), "kind": By("kind", choices=KINDS), "name": By("name")}

    def rows(self) -> QuerySet[Channel]:
        return Channel.objects.visible_to(self.actor).select_related("project__team")

    @extend_schema(request=NewChannel, responses={201: ChannelMade})
    def create(self, request: Request) -> Response:
        """A channel. Its address is not shown again; the secret that signs a webhook is in this answer only."""
        body = self.body(NewChannel)
        project = visible(Project.objects.visible_to(self.actor).select_related("team"), body.pop("project"))
        channel, secret = services.create_channel(actor=self.actor, project=project, **body)
        return self._told(channel, secret)

    @extend_schema(request=ChannelChange, responses=ChannelShown)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given. Notices that wait go to the new address."""
        channel = self.found(id)
        require(self.actor, Action.OPERATE, channel.project)
        return self.shown(services.change_channel(actor=self.actor, channel=channel, **self.body(ChannelChange)))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """End it, with what is kept of its notices."""
        services.delete_channel(actor=self.actor, channel=self.found(id))
        return Response(status=204)

    @extend_schema(request=NothingSerializer, responses={201: ChannelMade})
    def secret(self, request: Request, id: str) -> Response:
        """A new secret for a webhook. It is in this answer only."""
        self.body(NothingSerializer)
        channel = self.found(id)
        return self._told(channel, services.renew_secret(actor=self.actor, channel=channel))

    @extend_schema(request=NothingSerializer, responses=TestShown)
    def test(self, request: Request, id: str) -> Response:
        """Send a test now. 200 says how it went, also where it went wrong."""
        self.body(NothingSerializer)
        outcome = services.send_test(actor=self.actor, channel=self.found(id))
        return Response(TestShown(asdict(outcome)).data)

    def _told(self, channel: Channel, secret: str) -> Response:
        context = {**self.get_serializer_context(), "secret": secret}
        return Response(ChannelMade(channel, context=context).data, status=201)


class Notices(Listed, Shown, RoomViewSet):
    """What is told and was told, for thirty days."""

    serializer_class = NoticeShown
    filters = {
        "project": By("channel__project_id", kind="id"),
        "channel": By("channel_id", kind="id"),
        "event": By("event", choices=EVENTS),
        "state": By("state", choices=STATES),
        "subject": By("subject"),
    }

    def rows(self) -> QuerySet[Notice]:
        return Notice.objects.visible_to(self.actor).select_related("channel__project__team")

    @extend_schema(request=NothingSerializer, responses={202: NoticeShown})
    def sending(self, request: Request, id: str) -> Response:
        """Send one that has ended again; one that waits goes on as it is."""
        self.body(NothingSerializer)
        return self.shown(services.resend(actor=self.actor, notice=self.found(id)), status=202)


urlpatterns = [
    path("channels/", Channels.as_view({"get": "list", "post": "create"}), name="api_channels"),
    path(
        "channels/<id>/",
        Channels.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="api_channel",
    ),
    path("channels/<id>/secret/", Channels.as_view({"post": "secret"}), name="api_channel_secret"),
    path("channels/<id>/test/", Channels.as_view({"post": "test"}), name="api_channel_test"),
    path("notices/", Notices.as_view({"get": "list"}), name="api_notices"),
    path("notices/<id>/", Notices.as_view({"get": "retrieve"}), name="api_notice"),
    path("notices/<id>/sending/", Notices.as_view({"post": "sending"}), name="api_notice_sending"),
]
