"""What a code host says: proven, judged, built once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from tests.deployments.rig import SOURCE, Harbour
from tests.hooks.given import COMMIT, NOTHING, OTHER_COMMIT, Sender, a_git_image, a_sender, push
from webapp.audit.models import Entry
from webapp.hooks.door import MAX_BYTES
from webapp.hooks.models import Delivery, Hook
from webapp.hooks.services import change_hook, receiving, renew_secret
from webapp.hooks.signatures import sign
from webapp.images.models import Build
from webapp.images.services import change_image
from webapp.teams.policy import Action, HookBearer, actions_in, actor_for_hook

pytestmark = pytest.mark.thorough

KINDS = ("github", "gitlab", "gitea", "generic")


@pytest.fixture(autouse=True)
def unhurried() -> None:
    receiving.buckets.clear()


def told(action: str) -> int:
    return Entry.objects.filter(action=action).count()


@pytest.mark.parametrize("kind", KINDS)
def test_a_push_builds_the_image_at_its_commit_in_the_hooks_name(harbour: Harbour, kind: str) -> None:
    sender = a_sender(harbour, kind)
    answer = sender.send()
    build = Build.objects.get()
    assert answer.status_code == 202 and answer.json()["build"]["id"] == build.id
    assert build.definition["source"]["ref"] == COMMIT == build.job.order["source"]["ref"]
    assert (build.requested_as, build.requested_by) == ("hook pushes", None)
    assert build.trigger == {
        "kind": "hook",
        "hook": sender.hook.id,
        "branch": "main",
        "tag": "",
        "commit": COMMIT,
        "author": "ann",
    }
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.build_id, delivery.hook_id) == (202, build.id, sender.hook.id)
    entry = Entry.objects.get(action="hook.accepted")
    assert (entry.actor, entry.team_id, entry.outcome) == ("hook pushes", harbour.cast.team.id, "done")


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_missing_or_foreign_signature_is_refused_and_nothing_is_kept(harbour: Harbour, kind: str) -> None:
    sender = a_sender(harbour, kind)
    body = json.dumps(push(kind)).encode()
    headers = sender.headers(body)
    name = next(name for name in headers if "ignature" in name or name.endswith("Token"))
    stranger = Sender(sender.hook, "0" * 64)
    for bad in (
        {key: value for key, value in headers.items() if key != name},
        {**headers, name: ""},
        {**headers, name: headers[name][:-1]},
        {**headers, name: headers[name] + "0"},
        {**headers, name: "é"},
        stranger.headers(body),
    ):
        assert sender.post(body, bad).status_code == 401
    if kind != "gitlab":
        assert sender.post(body + b" ", headers).status_code == 401
    assert not Delivery.objects.exists() and not Build.objects.exists()
    assert Entry.objects.filter(action="hook.denied", team_id=harbour.cast.team.id).count() == 1


def test_a_hook_that_is_not_there_is_404_whatever_is_sent(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    body = json.dumps(push("github")).encode()
    for id in ("0" * 26, "nothing", "%00", "é"):
        answer = sender.client.post(f"/hooks/{id}/", body, "application/json", headers=sender.headers(body))
        assert answer.status_code == 404 and answer.json()["code"] == "missing"
    assert sender.client.get(f"/hooks/{sender.hook.id}/").status_code == 405
    assert not Build.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_again_is_answered_with_the_same_build(harbour: Harbour, kind: str) -> None:
    sender = a_sender(harbour, kind)
    first = sender.send()
    body = json.dumps(push(kind)).encode()
    again = sender.post(body, sender.headers(body))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["build"]["id"] == first.json()["build"]["id"]
    assert Build.objects.count() == 1 == Delivery.objects.count() == told("hook.accepted")


def test_the_name_of_a_delivery_with_another_body_is_a_replay(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    sender.send()
    answer = sender.send(push("github", after=OTHER_COMMIT))
    assert answer.status_code == 409 and answer.json()["code"] == "hook.replay"
    assert Build.objects.count() == 1 == Delivery.objects.count() == told("hook.denied")


def test_a_signature_under_another_name_is_a_replay(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    sender.send(key="one")
    assert sender.send(key="two").status_code == 409
    assert Build.objects.count() == 1 == Delivery.objects.count()


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_or_early_timestamp_is_a_replay(harbour: Harbour, seconds: int) -> None:
    sender = a_sender(harbour, "generic")
    body = json.dumps(push("generic")).encode()
    signature = sign(secret=sender.secret, body=body, at=now() + timedelta(seconds=seconds))
    answer = sender.post(body, {"X-Slipway-Signature": signature})
    assert answer.status_code == 409 and answer.json()["code"] == "hook.stale"
    fresh = sign(secret=sender.secret, body=body, at=now() - timedelta(seconds=290))
    assert sender.post(body, {"X-Slipway-Signature": fresh}).status_code == 202


def test_more_than_a_mebibyte_is_not_read(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    assert sender.send(b'"' + b"x" * MAX_BYTES + b'"').status_code == 413
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"[" * 500 + b"]" * 500, b'{"ref": 1}', b'{"ref": "main"}', b"\xff", b'{"ref": "\\u0000"}'],
)
def test_what_is_no_event_is_400_though_it_is_signed(harbour: Harbour, body: bytes) -> None:
    assert a_sender(harbour).send(body).status_code == 400
    assert not Build.objects.exists()


@pytest.mark.parametrize("field", ["after", "ref", "repository"])
def test_a_short_commit_no_branch_or_no_repository_builds_nothing(harbour: Harbour, field: str) -> None:
    wrong: dict[str, Any] = {"after": COMMIT[:12], "ref": "refs/heads/", "repository": {"clone_url": ""}}
    answer = a_sender(harbour).send(push("github", **{field: wrong[field]}))
    assert answer.status_code == (422 if field == "repository" else 400) and not Build.objects.exists()


def test_the_event_of_another_repository_is_refused_and_told(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    other = {"clone_url": "https://git.example.org/team/other.git", "html_url": "https://git.example.org/team/other"}
    answer = sender.send(push("github", repository=other))
    assert answer.status_code == 422 and "team/other" in answer.json()["reasons"][0]
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.outcome, delivery.build) == (422, "refused", None)


def test_what_was_refused_may_be_sent_again_and_then_builds(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    harbour.cast.host.__class__.objects.update(drained=True)
    assert sender.send().status_code == 422
    harbour.cast.host.__class__.objects.update(drained=False)
    assert sender.send().status_code == 202
    assert sender.send().status_code == 200
    assert Delivery.objects.get().build == Build.objects.get()


def test_an_image_that_does_not_come_from_git_any_more_is_refused(harbour: Harbour) -> None:
    image = a_git_image(harbour)
    sender = a_sender(harbour, image=image)
    change_image(actor=harbour.cast.actor("developer"), image=image, source=SOURCE)
    assert sender.send().status_code == 422 and not Build.objects.exists()


@pytest.mark.parametrize(
    ("kind", "headers", "payload", "status"),
    [
        ("github", {"X-GitHub-Event": "ping"}, {"zen": "Keep it", "hook": {}}, 200),
        ("gitea", {"X-Gitea-Event": "ping"}, {}, 200),
        ("github", {"X-GitHub-Event": "issues"}, {"action": "opened"}, 204),
        ("gitlab", {"X-Gitlab-Event": "Note Hook"}, {"object_kind": "note"}, 204),
        ("github", {}, push("github", after=NOTHING, deleted=True), 204),
        ("gitlab", {}, push("gitlab", after=NOTHING, checkout_sha=None), 204),
        ("github", {}, push("github", ref="refs/heads/topic"), 204),
        ("github", {}, push("github", ref="refs/tags/v1"), 204),
        ("generic", {}, push("generic", branch="topic"), 204),
    ],
)
def test_what_the_hook_does_not_want_builds_nothing_and_is_kept(
    harbour: Harbour, kind: str, headers: dict[str, str], payload: dict[str, Any], status: int
) -> None:
    sender = a_sender(harbour, kind, branches=["main", "release/*"])
    assert sender.send(payload, headers=headers).status_code == status
    assert sender.send(payload, headers=headers).status_code == status
    assert not Build.objects.exists()
    assert Delivery.objects.get().reason and told("hook.ignored") == (1 if status == 204 else 0)


def test_a_tag_builds_the_commit_that_an_annotated_one_stands_at(harbour: Harbour) -> None:
    sender = a_sender(harbour, branches=[], tags=["v*"])
    tag = push("github", ref="refs/tags/v1.2", after=OTHER_COMMIT)
    assert sender.send(tag).status_code == 202
    build = Build.objects.get()
    assert build.job.order["source"]["ref"] == COMMIT
    assert build.trigger is not None and (build.trigger["tag"], build.trigger["branch"]) == ("v1.2", "")
    assert sender.send(key="two", payload=push("github", compare="x")).status_code == 204


def test_paths_decide_where_they_are_known(harbour: Harbour) -> None:
    sender = a_sender(harbour, paths=["shop/*"])
    docs = [{"added": ["docs/a.md"], "modified": [], "removed": []}]
    assert sender.send(push("github", commits=docs), key="docs").status_code == 204
    assert sender.send(push("github"), key="shop").status_code == 202
    assert sender.send(push("github", commits=docs, created=True), key="new").status_code == 202
    assert sender.send(push("github", commits=[]), key="unknown").status_code == 202


def test_a_hook_that_is_switched_off_is_409(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    change_hook(actor=harbour.cast.actor("operator"), hook=sender.hook, enabled=False)
    answer = sender.send()
    assert answer.status_code == 409 and answer.json()["code"] == "hook.disabled"
    assert not Build.objects.exists() and told("hook.ignored") == 1


def test_a_renewed_secret_ends_the_old_one(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    renewed = renew_secret(actor=harbour.cast.actor("operator"), hook=sender.hook)
    assert sender.send().status_code == 401
    assert Sender(sender.hook, renewed).send().status_code == 202


def test_too_many_in_a_minute_wait_but_a_stranger_takes_no_room_of_the_hook(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "PER_HOOK", 2)
    sender = a_sender(harbour)
    for _ in range(5):
        assert Sender(sender.hook, "guess").send().status_code == 401
    answers = [sender.send() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    monkeypatch.setattr(receiving, "PER_ADDRESS", 1)
    receiving.buckets.clear()
    assert [Sender(sender.hook, "guess").send().status_code for _ in range(2)] == [401, 429]


def test_neither_a_session_nor_a_forms_token_counts(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    owner = harbour.cast.client("owner")
    assert owner.post(f"/hooks/{sender.hook.id}/", {}, "application/json").status_code == 401
    answer = sender.send()
    assert answer.status_code == 202 and not answer.cookies


def test_what_is_kept_holds_neither_signature_nor_secret(harbour: Harbour) -> None:
    for kind in KINDS:
        sender = a_sender(harbour, kind, a_git_image(harbour, kind))
        payload = push(kind) if kind == "generic" else push(kind, config={"secret": "canary-1"}, said=sender.secret)
        body = json.dumps(payload).encode()
        headers = sender.headers(body, Authorization="Basic canary-2", Cookie="canary-3")
        assert sender.post(body, headers).status_code == 202
        delivery = Delivery.objects.get(hook=sender.hook)
        kept = json.dumps([delivery.headers, delivery.body, delivery.push])
        signature = next(value for name, value in headers.items() if "ignature" in name or name.endswith("Token"))
        for secret in (sender.secret, signature, "canary-1", "canary-2", "canary-3"):
            assert secret not in kept, kind
        assert "(not kept)" in kept and sender.secret not in str(list(Entry.objects.values()))


def test_a_hook_may_build_in_its_project_and_nothing_else(harbour: Harbour) -> None:
    cast = harbour.cast
    actor = actor_for_hook(HookBearer(id="h", name="pushes", project_id=cast.project.id))
    assert actions_in(actor, cast.team.id, project_id=cast.project.id) == {Action.BUILD}
    assert not actions_in(actor, cast.team.id) and not actor.site_admin and not actor.is_system
    assert not actions_in(actor, cast.rivals.id, project_id=cast.foreign_project.id)
    assert not Hook.objects.visible_to(actor).exists() and actor.person_id() is None


def test_the_newest_two_hundred_are_kept(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.hooks.services.keeping.KEEP", 2)
    sender = a_sender(harbour, branches=["none"])
    for number in range(4):
        assert sender.send(push("github", number=number), key=f"d{number}").status_code == 204
    assert list(Delivery.objects.values_list("key", flat=True)) == ["id d3", "id d2"]


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_fifty_of_the_same_at_once_make_one_build(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    body = json.dumps(push("github")).encode()
    headers = sender.headers(body)

    def send(number: int) -> tuple[int, str]:
        try:
            answer = Client().post(f"/hooks/{sender.hook.id}/", body, "application/json", headers=headers)
            return answer.status_code, answer.json()["build"]["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(50)))
    build = Build.objects.get()
    assert sorted(answers) == [(200, build.id)] * 49 + [(202, build.id)]
    assert told("hook.accepted") == 1
