"""The sockets of browsers and programs. What has no path here is refused in the handshake."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from webapp.live.event_socket import EventsConsumer
from webapp.live.log_socket import LogConsumer


class Nowhere(AsyncWebsocketConsumer):
    """Refuses every socket to a path that is none."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        await self.close()


logs: Any = LogConsumer.as_asgi()  # Django's types know views only
events: Any = EventsConsumer.as_asgi()
nowhere: Any = Nowhere.as_asgi()

guarded_sockets = [
    path("ws/logs/<str:log_id>/", logs),
    path("ws/events/", events),
    re_path(r"", nowhere),
]
