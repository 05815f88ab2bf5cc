"""Who may do what at the endpoints of channels and notices."""

from typing import Any

from django.utils.timezone import now

from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.notices.models import Channel, Notice
from webapp.notices.services import create_channel, sending

NOWHERE = "http://127.0.0.1:9/in"  # nothing listens there: a test ends at once


def a_new_channel(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project.id, "name": "other", "kind": "webhook", "url": "https://chat.example.org/in"}


def a_form(cast: Cast) -> dict[str, Any]:
    return {"name": "other", "kind": "webhook", "url": "https://chat.example.org/in", "events": ["build.failed"]}


def the_channel(cast: Cast) -> Channel:
    sending.tests.clear()
    found = Channel.objects.filter(project=cast.project).first()
    if found is not None:
        return found
    owner = cast.actor("owner")
    return create_channel(actor=owner, project=cast.project, name="chat", kind="webhook", url=NOWHERE)[0]


def a_channel(cast: Cast) -> dict[str, Any]:
    return {"id": the_channel(cast).id}


def other_events(cast: Cast) -> dict[str, Any]:
    return {"events": ["build.failed"]}


def a_change(cast: Cast) -> dict[str, Any]:
    return {"events": ["build.failed"], "enabled": "on"}


def a_failed_notice(cast: Cast) -> dict[str, Any]:
    project = {"id": cast.project.id, "slug": "web", "name": "Web shop"}
    facts = {"event": "test", "project": project, "channel": "chat", "url": "http://slipway.example.org/"}
    notice = Notice.objects.create(
        channel=the_channel(cast),
        event="build.failed",
        subject="x",
        facts=facts,
        state="failed",
        next_at=now(),
        ended_at=now(),
    )
    return {"id": notice.id}


EVERYBODY = (200, 200, 200, 200, 200, 200)
MEMBERS = (404, 200, 200, 200, 200, 404)

RULES = (
    Rule("api_channels", "get", EVERYBODY),
    Rule("api_channels", "post", (404, 403, 403, 201, 201, 404), body=a_new_channel),
    Rule("api_channel", "get", MEMBERS, where=a_channel),
    Rule("api_channel", "patch", (404, 403, 403, 200, 200, 404), where=a_channel, body=other_events),
    Rule("api_channel", "delete", (404, 403, 403, 204, 204, 404), where=a_channel),
    Rule("api_channel_secret", "post", (404, 403, 403, 201, 201, 404), where=a_channel),
    Rule("api_channel_test", "post", (404, 403, 403, 200, 200, 404), where=a_channel),
    Rule("api_notices", "get", EVERYBODY),
    Rule("api_notice", "get", MEMBERS, where=a_failed_notice),
    Rule("api_notice_sending", "post", (404, 403, 403, 202, 202, 404), where=a_failed_notice),
)
