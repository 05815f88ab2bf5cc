"""Channels, and things that happen."""

from typing import Any

from runtime.contract.reports import Finish
from tests.deployments.rig import UNHEALTHY, Harbour
from webapp.environments.services import set_secret
from webapp.images.models import Build, Image
from webapp.images.services import request_build
from webapp.notices.models import Channel
from webapp.notices.services import create_channel

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "glpat-canary-token"


def a_channel(harbour: Harbour, **more: Any) -> tuple[Channel, str]:
    """A webhook, unless it is said otherwise, that tells of everything about builds."""
    events = ["build.started", "build.succeeded", "build.failed", "build.cancelled"]
    given = {"name": "chat", "kind": "webhook", "url": "https://chat.example.org/in/canary-path", "events": events}
    return create_channel(actor=harbour.cast.actor("operator"), project=harbour.cast.project, **{**given, **more})


def a_status_channel(harbour: Harbour, *, url: str, forge: str = "github", **more: Any) -> Channel:
    """With its token as the project's secret."""
    cast = harbour.cast
    set_secret(
        actor=cast.actor("owner"), project=cast.project, environment=None, name="FORGE", value=TOKEN, use="credential"
    )
    given = {"name": "commits", "kind": "commit_status", "url": url, "forge": forge, "credential": "FORGE"}
    return a_channel(harbour, **{**given, "events": None, **more})[0]


def a_build(harbour: Harbour, image: Image | None = None, **more: Any) -> Build:
    return request_build(actor=harbour.cast.actor("developer"), image=image or harbour.image, **more)


def a_failed_build(harbour: Harbour, image: Image | None = None) -> Build:
    build = a_build(harbour, image)
    harbour.play(build.job, Finish(state="failed", last_line=0, problem=UNHEALTHY))
    return Build.objects.get(id=build.id)
