"""The door for browsers and hosts: HTTP to Django, WebSockets to the live and ingest rooms."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup(set_prefix=False)  # loads the apps, so it comes before the imports that need their models

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from webapp.ingest.routing import websocket_urlpatterns as ingest_sockets  # noqa: E402
from webapp.live.routing import guarded_sockets  # noqa: E402
from webapp.rest.door import Door  # noqa: E402

application = ProtocolTypeRouter({"http": Door(), "websocket": URLRouter([*ingest_sockets, *guarded_sockets])})
