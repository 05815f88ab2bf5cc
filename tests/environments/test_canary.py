"""The value of a secret is planted, used in every way there is, and looked for wherever people can look."""

import base64
import json
import logging

import pytest
import redis
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.deployments.rig import Harbour
from webapp.audit.models import Entry
from webapp.images.services import define_image, request_build
from webapp.jobs.models import Job

pytestmark = pytest.mark.thorough

CANARY = 'canary-7f3a9c\nsings <never> "aloud"'
TRACES = ("7f3a9c", base64.b64encode(CANARY.encode()).decode()[:20])
LISTS = (
    "secrets/",
    "environments/",
    "services/",
    "deployments/",
    "replicas/",
    "images/",
    "audit/",
    "hosts/",
    "tokens/",
)


def silent(text: str, where: str) -> None:
    for trace in TRACES:
        assert trace not in text, where


@pytest.fixture
def sung(harbour: Harbour) -> Harbour:
    """Set by page and by API, for a place and for the project; built with, deployed, replaced, retired."""
    cast = harbour.cast
    owner, page = cast.client("owner"), reverse("secrets", args=[cast.project.id])
    assert owner.post(page, {"name": "LOGIN", "value": CANARY, "use": "credential"}).status_code == 302
    body = {"project": cast.project.id, "environment": cast.dev.id, "name": "KEY", "value": CANARY}
    assert cast.bearer("owner").post("/api/v1/secrets/", body, "application/json").status_code == 201
    source = {"kind": "git", "url": "https://git.example.org/a/b", "credential": "LOGIN"}
    image = define_image(actor=cast.actor("owner"), project=cast.project, slug="git", source=source)
    request_build(actor=cast.actor("owner"), image=image)
    harbour.deployed()
    return harbour


def test_no_page_shows_it(sung: Harbour) -> None:
    cast = sung.cast
    deployment = sung.service.deployments.get()
    pages = [
        reverse("secrets", args=[cast.project.id]),
        reverse("environment", args=[cast.dev.id]),
        reverse("service", args=[sung.service.id]),
        reverse("release", args=[deployment.release_id]),
        reverse("deployment", args=[deployment.id]),
        reverse("replica", args=[sung.replicas()[0].id]),
        reverse("audit"),
        reverse("board", args=[cast.project.id]),
    ]
    for page in pages:
        for who in ("owner", "viewer"):
            answer = cast.client(who).get(page)
            assert answer.status_code == 200
            silent(answer.content.decode(), page)


def test_no_answer_of_the_api_tells_it(sung: Harbour) -> None:
    client = sung.cast.bearer("owner")
    for name in LISTS:
        answer = client.get(f"/api/v1/{name}")
        assert answer.status_code == 200
        silent(answer.content.decode(), name)
        for row in answer.json()["results"]:
            if "id" in row:
                silent(client.get(f"/api/v1/{name}{row['id']}/").content.decode(), name)


def test_no_table_and_no_key_of_redis_holds_it_in_clear(sung: Harbour, redis_url: str) -> None:
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')  # noqa: S608
            silent(str(cursor.fetchall()), model.__name__)
    server = redis.Redis.from_url(redis_url)
    streams = [key for key in server.scan_iter() if server.type(key) == b"stream"]
    assert streams  # the logs
    silent(str([server.xrange(key) for key in streams]), "a log")
    others = [key for key in server.scan_iter() if key not in streams]
    silent(str([(key, server.type(key), server.dump(key)) for key in others]), "Redis")
    assert Job.objects.exclude(secrets={}).count() == 2  # by id, in what hosts are told


def test_what_is_refused_or_breaks_does_not_repeat_it(
    sung: Harbour, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = sung.cast
    page = reverse("secrets", args=[cast.project.id])
    too_long = CANARY * 3000
    answers = [
        cast.client("owner").post(page, {"name": "PATH", "value": too_long}),
        cast.client("viewer").post(page, {"name": "KEY", "value": CANARY}),
        cast.bearer("owner").post(
            "/api/v1/secrets/", {"project": cast.project.id, "name": "PATH", "value": CANARY}, "application/json"
        ),
    ]
    assert [answer.status_code for answer in answers] == [400, 403, 400]
    monkeypatch.setattr("webapp.environments.vault.encrypt", lambda text: 1 / 0)
    with caplog.at_level(logging.DEBUG):
        broken = Client(raise_request_exception=False)
        broken.force_login(cast.users["owner"])
        answers.append(broken.post(page, {"name": "KEY", "value": CANARY}))
    assert answers[-1].status_code == 500
    for answer in answers:
        silent(answer.content.decode(), "an answer")
    silent(caplog.text, "the log")
    silent(json.dumps(list(Entry.objects.values()), default=str), "the trail")
