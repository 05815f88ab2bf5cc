"""Apprise in its process: it tells, and connects to nothing private, whatever names say."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as configured
from pytest_django.fixtures import Settings

from tests.deployments.rig import Harbour
from tests.notices.given import a_channel
from tests.notices.receiver import Receiver
from webapp.notices import services
from webapp.notices.ways import chats

pytestmark = pytest.mark.thorough  # each starts a process

FACTS: dict[str, Any] = {
    "event": "test",
    "project": {"id": "p", "slug": "web", "name": "Web shop"},
    "channel": "chat",
    "url": "https://slipway.example.org/",
}
# A name that is public when it is looked up first, and loopback when it is connected to.
REBINDING = """
import socket, sys
real, asked = socket.getaddrinfo, []
def look_up(host, port, *args, **kwargs):
    if host != "rebinding.example.org":
        return real(host, port, *args, **kwargs)
    asked.append(host)
    return real("93.184.216.34" if len(asked) == 1 else "127.0.0.1", port, *args, **kwargs)
socket.getaddrinfo = look_up
look_up("rebinding.example.org", 80)
from webapp.notices import courier
sys.exit(courier.main())
"""


def carried(program: list[str], order: dict[str, Any]) -> dict[str, Any]:
    env = {"PYTHONPATH": str(configured.BASE_DIR), "PATH": os.defpath}
    ran = subprocess.run(program, input=json.dumps(order).encode(), env=env, capture_output=True, timeout=30)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_it_is_told_where_an_administrator_allows_it(receiver: Receiver) -> None:
    url = f"json://127.0.0.1:{receiver.port}/in"
    outcome = chats.send(url=url, facts=FACTS)
    assert (outcome.ok, outcome.status) == (True, 200)
    assert receiver.told[0].json["title"] == "Slipway: a test of channel chat of web"
    assert receiver.told[0].json["message"].endswith("https://slipway.example.org/")


def test_by_default_loopback_is_not_connected_to(receiver: Receiver, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = []
    for host in ("127.0.0.1", "localhost"):
        outcome = chats.send(url=f"json://{host}:{receiver.port}/in", facts=FACTS)
        assert (outcome.ok, outcome.blocked, outcome.again) == (False, True, False)
    assert receiver.told == []


def test_a_host_that_is_allowed_by_its_name_is_reached(receiver: Receiver, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = ["localhost"]
    assert chats.send(url=f"json://localhost:{receiver.port}/in", facts=FACTS).ok
    assert chats.send(url=f"json://127.0.0.2:{receiver.port}/in", facts=FACTS).blocked


def test_a_name_that_points_to_loopback_a_moment_later_gains_nothing(receiver: Receiver) -> None:
    order = {
        "url": f"json://rebinding.example.org:{receiver.port}/in",
        "allow": [],
        "title": "x",
        "body": "y",
    }
    program = [sys.executable, "-c", REBINDING]
    assert carried(program, order)["how"] == "blocked" and receiver.told == []
    allowed = carried(program, {**order, "allow": ["127.0.0.0/8"]})
    assert allowed == {"how": "sent", "status": 200} and len(receiver.told) == 1  # so the test would see it


def test_a_mail_server_on_loopback_is_not_spoken_to(receiver: Receiver, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = []
    url = f"mailto://user:pass@example.org:{receiver.port}?smtp=127.0.0.1&to=a@example.org"
    assert chats.send(url=url, facts=FACTS).blocked


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = [302]
    outcome = chats.send(url=f"json://127.0.0.1:{receiver.port}/in", facts=FACTS)
    assert (outcome.ok, outcome.status) == (False, 302)
    assert [request.path for request in receiver.told] == ["/in"]


def test_several_urls_in_one_are_one(receiver: Receiver) -> None:
    first = f"json://127.0.0.1:{receiver.port}/a"
    chats.send(url=f"{first}, json://127.0.0.1:{receiver.port}/b", facts=FACTS)
    assert all(not request.path.startswith("/b") for request in receiver.told)


def test_one_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "COURIER", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(chats, "SECONDS", 0.5)
    outcome = chats.send(url="jsons://chat.example.org/", facts=FACTS)
    assert not outcome.ok and outcome.again and "in time" in outcome.said


def test_its_process_is_given_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    program = "import os, json; print(json.dumps({'how': 'failed', 'env': sorted(os.environ)}))"
    monkeypatch.setattr(chats, "COURIER", (sys.executable, "-c", program))
    told = chats._ask({"url": "jsons://chat.example.org/"})
    assert set(told["env"]) <= {"PYTHONPATH", "PATH", "HOME", "LANG", "LC_CTYPE"}


def test_a_channel_of_this_kind_goes_all_the_way(harbour: Harbour, receiver: Receiver) -> None:
    channel, _ = a_channel(harbour, kind="apprise", url=f"json://127.0.0.1:{receiver.port}/canary")
    assert channel.target == f"json://127.0.0.1:{receiver.port}/…"
    outcome = services.send_test(actor=harbour.cast.actor("operator"), channel=channel)
    assert outcome.ok and receiver.told[0].path == "/canary"
