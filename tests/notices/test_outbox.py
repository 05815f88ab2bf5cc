"""What happened stands in the outbox, in the same transaction; what went out, was tried again, was given up."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tests.deployments.rig import Harbour
from tests.hooks.given import a_git_image
from tests.notices.given import COMMIT, TOKEN, a_build, a_channel, a_failed_build, a_status_channel
from tests.notices.receiver import Receiver
from webapp.audit.models import Entry
from webapp.deployments.services import approve, deploy
from webapp.environments.models import Secret
from webapp.hooks.signatures import prove
from webapp.images.services import cancel_build
from webapp.notices import hearing, services
from webapp.notices.models import Channel, Notice
from webapp.notices.services import sending

pytestmark = pytest.mark.thorough


@pytest.fixture(autouse=True)
def unhurried() -> None:
    sending.tests.clear()


def told(**more: Any) -> list[tuple[str, str]]:
    return list(Notice.objects.filter(**more).order_by("created_at").values_list("event", "state"))


def pass_by(moment: datetime | None = None) -> int:
    return services.send_due(now=moment or now() + timedelta(seconds=1))


def test_a_build_is_told_once_at_each_turn(harbour: Harbour) -> None:
    a_channel(harbour)
    build = a_failed_build(harbour)
    hearing.heard(kind="build", id=build.id, project_id=harbour.cast.project.id)
    assert told() == [("build.started", "queued"), ("build.failed", "queued")]
    facts = Notice.objects.get(event="build.failed").facts
    assert facts["build"]["number"] == 1 and facts["url"].endswith(f"/builds/{build.id}/")
    cancel_build(actor=harbour.cast.actor("developer"), build=a_build(harbour))
    assert told()[-1] == ("build.cancelled", "queued")


def test_a_deployment_is_told_when_it_waits_and_when_it_ends(harbour: Harbour) -> None:
    cast = harbour.cast
    a_channel(harbour, events=["deployment.awaiting_approval", "deployment.succeeded"])
    harbour.deployed()
    assert told() == [("deployment.succeeded", "queued")]
    operator = cast.actor("operator")
    waiting = deploy(actor=operator, service=harbour.service, environment=cast.production, build=harbour.built())
    assert told()[-1] == ("deployment.awaiting_approval", "queued")
    approve(actor=cast.actor("owner"), deployment=waiting, plan_hash=waiting.plan_hash)
    assert len(told()) == 2  # that it waited is told once, however often it was looked at meanwhile


def test_what_is_rolled_back_was_never_told(harbour: Harbour) -> None:
    a_channel(harbour)
    with transaction.atomic():
        a_build(harbour)
        assert Notice.objects.count() == 1
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


def test_filters_and_switched_off_channels_are_heeded(harbour: Harbour) -> None:
    cast = harbour.cast
    a_channel(harbour, name="others", images=["back*"])
    a_channel(harbour, name="off", enabled=False)
    a_channel(harbour, name="failures", events=["build.failed"])
    a_channel(harbour, name="live", events=["deployment.succeeded"], environments=["production"])
    ours, _ = a_channel(harbour, name="ours", images=["fr*"], environments=["production"])
    harbour.deployed()
    assert told() == [("build.started", "queued"), ("build.succeeded", "queued")]
    assert set(Notice.objects.values_list("channel", flat=True)) == {ours.id}
    assert not Notice.objects.filter(channel__project=cast.foreign_project).exists()


@pytest.mark.thorough
def test_a_webhook_is_told_by_a_signed_request(harbour: Harbour, receiver: Receiver) -> None:
    _, secret = a_channel(harbour, url=f"{receiver.url}/in?key=1", events=["build.failed"])
    a_failed_build(harbour)
    assert pass_by() == 1 and pass_by() == 0
    request = receiver.told[0]
    notice = Notice.objects.get()
    assert (request.method, request.path) == ("POST", "/in?key=1")
    assert prove(kind="generic", secret=secret, headers=request.headers, body=request.body, at=now())
    assert request.headers["x-slipway-delivery"] == notice.id == request.json["id"]
    assert request.json["title"] == "Build 1 of web/front failed" and request.json["event"] == "build.failed"
    assert (notice.state, notice.tries, notice.status) == ("sent", 1, 200)
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.thorough
def test_it_is_tried_again_with_longer_pauses_then_given_up_visibly_and_sent_anew(
    harbour: Harbour, receiver: Receiver
) -> None:
    receiver.answers = [503]
    a_channel(harbour, url=receiver.url, events=["build.failed"])
    a_failed_build(harbour)
    moment, pauses = now(), []
    for number in range(1, 9):
        notice = Notice.objects.get()
        moment = max(moment, notice.next_at) + timedelta(seconds=1)
        assert pass_by(moment) == 1 and len(receiver.told) == number
        notice.refresh_from_db()
        pauses.append((notice.next_at - now()).total_seconds())
        assert pass_by(moment) == 0
    assert (notice.state, notice.tries, notice.status) == ("failed", 8, 503)
    assert [round(pause) for pause in pauses[:7]] == list(sending.PAUSES)
    assert (
        6600 < sum(sending.PAUSES) < 7800
        and notice.said == "Answered 503 Service Unavailable. Look there for the reason."
    )
    assert pass_by(moment + timedelta(days=1)) == 0
    page = harbour.cast.client("viewer").get(f"/projects/{harbour.cast.project.id}/notices/").content.decode()
    assert "Answered 503" in page and "Send again" not in page
    receiver.answers = [204]
    services.resend(actor=harbour.cast.actor("operator"), notice=notice)
    assert pass_by() == 1 and told() == [("build.failed", "sent")]
    assert {request.headers["x-slipway-delivery"] for request in receiver.told} == {notice.id}


def test_to_send_again_what_waits_changes_nothing(harbour: Harbour) -> None:
    a_channel(harbour, events=["build.failed"])
    a_failed_build(harbour)
    notice = Notice.objects.get()
    services.resend(actor=harbour.cast.actor("operator"), notice=notice)
    assert not Entry.objects.filter(action="notice.resend").exists()


@pytest.mark.thorough
def test_a_try_that_died_is_made_again_and_two_senders_send_once(harbour: Harbour, receiver: Receiver) -> None:
    a_channel(harbour, url=receiver.url, events=["build.failed"])
    a_failed_build(harbour)
    moment = now() + timedelta(seconds=1)
    first, second = (Notice.objects.select_related("channel__project").get() for _ in range(2))
    assert sending._claim(first, moment) and not sending._claim(second, moment)
    assert pass_by(moment) == 0
    assert pass_by(moment + timedelta(seconds=sending.HOLD_SECONDS + 1)) == 1
    assert told() == [("build.failed", "sent")] and len(receiver.told) == 1


@pytest.mark.thorough
def test_a_redirect_is_not_followed(harbour: Harbour, receiver: Receiver) -> None:
    receiver.answers = [302]
    a_channel(harbour, url=receiver.url, events=["build.failed"])
    a_failed_build(harbour)
    pass_by()
    assert [request.path for request in receiver.told] == ["/"]
    assert "not followed" in Notice.objects.get().said


@pytest.mark.thorough
def test_what_became_private_since_it_was_saved_is_blocked_and_told_to_the_trail(
    harbour: Harbour, receiver: Receiver, settings: Settings
) -> None:
    a_channel(harbour, url=receiver.url, events=["build.failed"])
    settings.PRIVATE_TARGETS = []
    a_failed_build(harbour)
    pass_by()
    assert told() == [("build.failed", "failed")] and receiver.told == []
    entry = Entry.objects.get(action="ssrf.blocked")
    assert (entry.outcome, entry.team_id) == ("refused", harbour.cast.team.id)


@pytest.mark.thorough
def test_a_channel_switched_off_meanwhile_tells_nothing(harbour: Harbour, receiver: Receiver) -> None:
    channel, _ = a_channel(harbour, url=receiver.url, events=["build.failed"])
    a_failed_build(harbour)
    services.change_channel(actor=harbour.cast.actor("operator"), channel=channel, enabled=False)
    assert pass_by() == 0 and told() == [("build.failed", "skipped")] and receiver.told == []


@pytest.mark.thorough
def test_one_that_cannot_be_opened_holds_up_no_other(harbour: Harbour, receiver: Receiver) -> None:
    broken, _ = a_channel(harbour, name="broken", events=["build.failed"])
    a_channel(harbour, url=receiver.url, events=["build.failed"])
    a_failed_build(harbour)
    Channel.objects.filter(id=broken.id).update(sealed=b"gAAAAAforged")
    assert pass_by() == 2
    assert told(channel=broken) == [("build.failed", "failed")] and len(receiver.told) == 1


def test_notices_are_forgotten_thirty_days_after_they_ended(harbour: Harbour) -> None:
    a_channel(harbour)
    a_failed_build(harbour)
    ended = Notice.objects.filter(event="build.failed")
    ended.update(state="sent", ended_at=now() - timedelta(days=31))
    assert services.prune(now=now()) == 1 and told() == [("build.started", "queued")]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("forge", "path", "header", "states"),
    [
        ("github", f"/repos/team/shop/statuses/{COMMIT}", ("authorization", f"Bearer {TOKEN}"), ("pending", "failure")),
        ("gitea", f"/repos/team/shop/statuses/{COMMIT}", ("authorization", f"token {TOKEN}"), ("pending", "failure")),
        ("gitlab", f"/projects/team%2Fshop/statuses/{COMMIT}", ("private-token", TOKEN), ("running", "failed")),
    ],
)
def test_a_commit_gets_its_status(
    harbour: Harbour,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    forge: str,
    path: str,
    header: tuple[str, str],
    states: tuple[str, str],
) -> None:
    monkeypatch.setattr("webapp.notices.ways.statuses.concerns", lambda base, happening: bool(happening.commit))
    a_status_channel(harbour, url=f"{receiver.url}/api", forge=forge)
    a_failed_build(harbour)  # of no commit
    assert told() == []
    image = a_git_image(harbour)
    build = a_build(harbour, image, ref=COMMIT)
    pass_by()
    cancel_build(actor=harbour.cast.actor("developer"), build=build)
    Notice.objects.filter(event="build.cancelled").update(event="build.failed", facts=failing(build.id))
    pass_by()
    assert [request.path for request in receiver.told] == [f"/api{path}"] * 2
    assert tuple(request.json["state"] for request in receiver.told) == states
    last = receiver.told[-1]
    assert last.headers[header[0]] == header[1]
    assert last.json["name" if forge == "gitlab" else "context"] == "slipway/web/shop"
    assert last.json["target_url"].endswith(f"/builds/{build.id}/")


def failing(build_id: str) -> dict[str, Any]:
    facts: dict[str, Any] = Notice.objects.get(event="build.cancelled", subject=build_id).facts
    return {**facts, "event": "build.failed"}


@pytest.mark.thorough
def test_a_status_that_is_overtaken_is_not_told_later(harbour: Harbour, receiver: Receiver) -> None:
    image = a_git_image(harbour)
    a_status_channel(harbour, url="https://git.example.org/api/v1", forge="gitea")
    Channel.objects.update(target="https://git.example.org/api/v1")
    build = a_build(harbour, image, ref=COMMIT)
    cancel_build(actor=harbour.cast.actor("developer"), build=build)
    first = Notice.objects.select_related("channel").get(event="build.started")
    assert not sending._claim(first, now()) and told() == [("build.started", "skipped"), ("build.cancelled", "queued")]


@pytest.mark.parametrize(
    ("base", "told_of"),
    [
        ("https://git.example.org/api/v1", True),
        ("https://api.git.example.org", True),
        ("https://git.example.org.evil.example", False),
        ("https://example.org", False),
    ],
)
def test_a_token_goes_only_where_the_repository_lives(harbour: Harbour, base: str, told_of: bool) -> None:
    a_status_channel(harbour, url=base)
    a_build(harbour, a_git_image(harbour), ref=COMMIT)
    assert Notice.objects.exists() is told_of


def test_without_its_token_a_status_fails_with_words(harbour: Harbour) -> None:
    a_status_channel(harbour, url="https://git.example.org/api/v1")
    a_build(harbour, a_git_image(harbour), ref=COMMIT)
    Secret.objects.update(retired_at=now())
    pass_by()
    notice = Notice.objects.get()
    assert notice.state == "failed" and "FORGE" in notice.said


@pytest.mark.thorough
def test_a_test_shows_the_answer_and_keeps_none(harbour: Harbour, receiver: Receiver) -> None:
    channel, _ = a_channel(harbour, url=receiver.url)
    receiver.answers = [200, 403]
    operator = harbour.cast.client("operator")
    good = operator.post(f"/api/v1/channels/{channel.id}/test/", {}, "application/json")
    assert good.json() == {"ok": True, "status": 200, "said": "Answered 200 OK."}
    bad = operator.post(f"/channels/{channel.id}/test/", follow=True).content.decode()
    assert "The test failed. Answered 403 Forbidden." in bad
    assert receiver.told[0].json["event"] == "test" and not Notice.objects.exists()
    assert Entry.objects.filter(action="channel.test", actor="operator").count() == 2
    for _ in range(8):
        services.send_test(actor=harbour.cast.actor("operator"), channel=channel)
    assert operator.post(f"/api/v1/channels/{channel.id}/test/", {}, "application/json").status_code == 409
    assert len(receiver.told) == 10
