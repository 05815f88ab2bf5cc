"""The link's path."""

from typing import Any

from django.urls import path

from runtime.contract.wire import LINK_PATH
from webapp.ingest.link import LinkConsumer

link: Any = LinkConsumer.as_asgi()  # Django's types know views only
websocket_urlpatterns = [path(LINK_PATH.lstrip("/"), link)]
