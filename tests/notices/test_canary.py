"""What is secret of a channel is planted, used in every way, and looked for wherever people can look."""

import json
import logging

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from tests.deployments.rig import Harbour
from tests.hooks.given import a_git_image
from tests.notices.given import COMMIT, a_build, a_failed_build
from tests.notices.receiver import Receiver
from webapp.environments.services import set_secret
from webapp.notices import services
from webapp.notices.models import Channel, Notice
from webapp.notices.services import sending
from webapp.notices.services.defining import unsealed
from webapp.notices.ways import chats

pytestmark = pytest.mark.thorough

CANARY = "canary7f3a9c"


def test_it_is_nowhere(
    harbour: Harbour,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: object,
) -> None:
    cast, owner = harbour.cast, harbour.cast.client("owner")
    sending.tests.clear()
    set_secret(
        actor=cast.actor("owner"), project=cast.project, environment=None, name="T", value=CANARY, use="credential"
    )
    answers = []
    receiver.answers = [500]
    bodies = [
        {"name": "hooked", "kind": "webhook", "url": f"{receiver.url}/{CANARY}?k={CANARY}"},
        {"name": "chatty", "kind": "apprise", "url": f"json://u:{CANARY}@127.0.0.1:{receiver.port}/{CANARY}"},
        {"name": "commits", "kind": "commit_status", "url": receiver.url, "forge": "gitea", "credential": "T"},
    ]
    monkeypatch.setattr("webapp.notices.ways.statuses.concerns", lambda base, happening: bool(happening.commit))
    with caplog.at_level(logging.DEBUG):
        for body in bodies:
            events = ["build.started", "build.failed"]
            given = {**body, "project": cast.project.id, "events": events}
            answers.append(owner.post("/api/v1/channels/", given, "application/json"))
            assert answers[-1].status_code == 201, answers[-1].content
        a_failed_build(harbour)
        a_build(harbour, a_git_image(harbour), ref=COMMIT)
        services.send_due(now=Notice.objects.latest("next_at").next_at)
        assert len(receiver.told) == 7 and all(CANARY in str(told) for told in receiver.told)
        for channel in Channel.objects.all():
            answers.append(owner.post(f"/api/v1/channels/{channel.id}/test/", {}, "application/json"))
            answers.append(owner.post(f"/channels/{channel.id}/test/", follow=True))
            answers.append(owner.get(f"/api/v1/channels/{channel.id}/"))
            answers.append(owner.get(f"/channels/{channel.id}/"))
            wrong = {"url": f"https://10.0.0.1/{CANARY}", "events": ["build.failed"], "enabled": "on"}
            answers.append(owner.post(f"/channels/{channel.id}/", wrong))
            answers.append(owner.patch(f"/api/v1/channels/{channel.id}/", {"url": wrong["url"]}, "application/json"))
            assert answers[-1].status_code == 400 == answers[-2].status_code
        monkeypatch.setattr(chats, "_ask", lambda order: 1 / 0)
        answers.append(owner.post(f"/api/v1/channels/{Channel.objects.get(name='chatty').id}/test/"))
        for path in ("channels/", "notices/", "audit/", "secrets/"):
            answers.append(owner.get(f"/api/v1/{path}"))
        for path in (f"/projects/{cast.project.id}/notices/", "/audit/"):
            answers.append(owner.get(path))
        monkeypatch.setattr("webapp.sealing.seal", lambda text: 1 / 0)
        broken = Client(raise_request_exception=False)
        broken.force_login(cast.users["owner"])
        fields = {"name": "x", "kind": "webhook", "url": f"{receiver.url}/{CANARY}", "events": ["build.failed"]}
        answers.append(broken.post(f"/projects/{cast.project.id}/channels/new/", fields))
        assert answers[-1].status_code == 500
    for answer in answers:
        assert CANARY not in answer.content.decode(), answer.request["PATH_INFO"]
    assert CANARY not in caplog.text
    secret = unsealed(Channel.objects.get(name="hooked"))["secret"]
    rest = [answer.content.decode() for answer in answers if f'"secret":"{secret}"' not in answer.content.decode()]
    assert len(rest) == len(answers) - 1 and not any(secret in text for text in rest)
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')  # noqa: S608
            found = str(cursor.fetchall())
            assert CANARY not in found and secret not in found, model.__name__
    assert CANARY not in json.dumps(list(Notice.objects.values()), default=str)
