"""One-time tickets for sockets, for clients that have no session."""

import re

from django.contrib.sessions.backends.base import SessionBase
from django.urls import path
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.live import credentials, tickets
from webapp.live.credentials import Credential
from webapp.problems import Forbidden, Invalid
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import RoomView
from webapp.teams.policy import Actor

SOCKET_PATH = re.compile(r"/ws/(?:events|logs/[0-9a-z]{26})/")


class NewTicket(StrictSerializer):
    """`path` is the socket's, without its query."""

    path = serializers.CharField(max_length=100)


TICKET = inline_serializer(
    "SocketTicket",
    {
        "ticket": serializers.CharField(),
        "protocol": serializers.CharField(help_text="Offer this as Sec-WebSocket-Protocol."),
        "path": serializers.CharField(),
        "expires_in": serializers.IntegerField(help_text="Seconds."),
    },
)


class SocketTickets(RoomView):
    """Tickets are told once and not listed."""

    @extend_schema(request=NewTicket, responses={201: TICKET})
    def post(self, request: Request) -> Response:
        """A ticket that opens one socket on this path once, within 30 seconds."""
        wanted = self.body(NewTicket)["path"]
        if not SOCKET_PATH.fullmatch(wanted):
            raise Invalid({"path": ["The path of a socket, such as /ws/events/."]})
        ticket = tickets.issue(credential=_credential(self.actor, request._request.session), path=wanted)
        body = {
            "ticket": ticket,
            "protocol": tickets.PROTOCOL_PREFIX + ticket,
            "path": wanted,
            "expires_in": tickets.TICKET_SECONDS,
        }
        return Response(body, status=201)


def _credential(actor: Actor, session: SessionBase) -> Credential:
    if actor.token is not None:
        return credentials.of_token(actor.token)
    if actor.user is None or not session.session_key:
        raise Forbidden(code="ws.denied", detail="A ticket needs a session or a token.")
    return credentials.of_session(session_key=session.session_key, user=actor.user)


urlpatterns = [path("socket-tickets/", SocketTickets.as_view(), name="socket-tickets")]
