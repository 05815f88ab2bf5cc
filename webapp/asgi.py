"""The door for browsers and hosts: HTTP to Django, WebSockets to the live and ingest rooms."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
http = get_asgi_application()  # loads the apps, so it comes before the imports that need their models

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from webapp.ingest.routing import websocket_urlpatterns as ingest_sockets  # noqa: E402
from webapp.live.routing import guarded_sockets  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": URLRouter([*ingest_sockets, *guarded_sockets])})
