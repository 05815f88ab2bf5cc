"""Defining hooks, changing them, their secrets; hearing a delivery again; what is forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from tests.deployments.rig import Harbour
from tests.hooks.given import a_git_image, a_sender, push
from webapp import sealing
from webapp.audit.models import Entry
from webapp.environments import vault
from webapp.hooks import services
from webapp.hooks.models import Delivery, Hook
from webapp.hooks.services import receiving
from webapp.images.models import Build
from webapp.problems import Conflicting, Forbidden, Invalid

pytestmark = pytest.mark.thorough


@pytest.fixture(autouse=True)
def unhurried() -> None:
    receiving.buckets.clear()


def created(harbour: Harbour, **more: Any) -> tuple[Hook, str]:
    return services.create_hook(
        actor=harbour.cast.actor("operator"), **{"image": harbour.image, "name": "pushes", "kind": "github", **more}
    )


def test_the_secret_is_told_once_and_lies_sealed(harbour: Harbour) -> None:
    hook, secret = created(harbour, image=a_git_image(harbour))
    assert len(secret) == 64 and secret.encode() not in bytes(hook.ciphertext)
    assert sealing.unseal(bytes(hook.ciphertext)) == secret
    assert (hook.branches, hook.tags, hook.paths, hook.enabled) == (["*"], [], [], True)
    assert secret not in str(list(Entry.objects.values()))
    answer = harbour.cast.client("owner").get(f"/ci-hooks/{hook.id}/")
    assert secret not in answer.content.decode() and f"http://testserver/hooks/{hook.id}/" in answer.content.decode()


def test_pages_and_api_show_it_in_the_one_answer_only(harbour: Harbour) -> None:
    operator, image = harbour.cast.client("operator"), a_git_image(harbour)
    fields = {"image": image.id, "name": "pushes", "kind": "gitea", "branches": "main\nrelease/*", "enabled": "on"}
    answer = operator.post(f"/projects/{harbour.cast.project.id}/hooks/new/", fields)
    hook = Hook.objects.get()
    secret = sealing.unseal(bytes(hook.ciphertext))
    assert answer.status_code == 200 and secret in answer.content.decode()
    assert hook.branches == ["main", "release/*"] and hook.tags == []
    made = operator.post(f"/api/v1/hooks/{hook.id}/secret/", {}, "application/json")
    renewed = made.json()["secret"]
    assert made.status_code == 201 and renewed != secret
    for path in ("/api/v1/hooks/", f"/api/v1/hooks/{hook.id}/"):
        assert renewed not in operator.get(path).content.decode()
    assert "no-store" in made.headers["Cache-Control"] and "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Not A Slug"}, "name"),
        ({"kind": "bitbucket"}, "kind"),
        ({"branches": ["a"] * 21}, "branches"),
        ({"tags": [""]}, "tags"),
        ({"paths": ["a\nb"]}, "paths"),
        ({"paths": ["x" * 201]}, "paths"),
    ],
)
def test_what_is_wrong_is_told_by_field(harbour: Harbour, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        created(harbour, image=a_git_image(harbour), **wrong)
    assert list(refused.value.errors) == [field] and not Hook.objects.exists()


def test_an_image_that_comes_from_no_repository_has_no_hooks(harbour: Harbour) -> None:
    with pytest.raises(Invalid) as refused:
        created(harbour)
    assert list(refused.value.errors) == ["image"]


def test_names_are_taken_once_an_image_and_hooks_are_counted(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    image = a_git_image(harbour)
    created(harbour, image=image)
    with pytest.raises(Conflicting):
        created(harbour, image=image)
    monkeypatch.setattr("webapp.hooks.services.defining.MAX_HOOKS", 1)
    with pytest.raises(Conflicting):
        created(harbour, image=image, name="others")
    assert Hook.objects.count() == 1


@pytest.mark.parametrize("name", ["viewer", "developer", "stranger", "admin"])
def test_who_may_not_operate_changes_nothing(harbour: Harbour, name: str) -> None:
    sender, actor = a_sender(harbour), harbour.cast.actor(name)
    sender.send()
    hook, delivery, before = sender.hook, Delivery.objects.get(), Entry.objects.count()
    acts: list[Callable[[], object]] = [
        lambda: services.create_hook(actor=actor, image=hook.image, name="other", kind="github"),
        lambda: services.change_hook(actor=actor, hook=hook, enabled=False),
        lambda: services.renew_secret(actor=actor, hook=hook),
        lambda: services.redeliver(actor=actor, delivery=delivery),
        lambda: services.delete_hook(actor=actor, hook=hook),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    again = Hook.objects.get()
    assert again.enabled and bytes(again.ciphertext) == bytes(hook.ciphertext)
    assert Build.objects.count() == 1 and Entry.objects.count() == before


def test_a_change_that_changes_nothing_is_not_told(harbour: Harbour) -> None:
    hook, operator = a_sender(harbour).hook, harbour.cast.actor("operator")
    services.change_hook(actor=operator, hook=hook, branches=["*"])
    services.change_hook(actor=operator, hook=hook, tags=["v*"])
    entry = Entry.objects.get(action="hook.change")
    assert entry.before and entry.after and (entry.before["tags"], entry.after["tags"]) == ([], ["v*"])
    stale = Hook.objects.select_related("image__project").get(id=hook.id)
    services.change_hook(actor=operator, hook=Hook.objects.get(id=hook.id), tags=[])
    with pytest.raises(Conflicting):
        services.change_hook(actor=operator, hook=stale, tags=["w*"])


def test_a_delivery_heard_again_builds_again_and_says_so(harbour: Harbour) -> None:
    sender, operator = a_sender(harbour), harbour.cast.actor("operator")
    sender.send()
    first = Delivery.objects.get()
    for number in (2, 3):
        heard = services.redeliver(actor=operator, delivery=Delivery.objects.latest("created_at"))
        assert heard.status == 202 and heard.build is not None and heard.build.number == number
        assert heard.delivery is not None and heard.delivery.redelivery_of_id == first.id
        assert heard.build.requested_as == "hook pushes"
    services.change_hook(actor=operator, hook=sender.hook, branches=["release/*"])
    fresh = Delivery.objects.select_related("hook__image__project").get(id=first.id)
    assert services.redeliver(actor=operator, delivery=fresh).status == 204
    services.change_hook(actor=operator, hook=Hook.objects.get(id=sender.hook.id), enabled=False)
    with pytest.raises(Conflicting):
        services.redeliver(actor=operator, delivery=Delivery.objects.get(id=first.id))
    assert Build.objects.count() == 3 == Entry.objects.filter(action="hook.accepted").count()
    assert Entry.objects.filter(action="hook.redeliver", actor="operator").count() == 3


def test_an_event_that_builds_nothing_cannot_be_heard_again(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    assert sender.send({}, headers={"X-GitHub-Event": "ping"}).status_code == 200
    with pytest.raises(Conflicting):
        services.redeliver(actor=harbour.cast.actor("operator"), delivery=Delivery.objects.get())


def test_after_thirty_days_a_delivery_is_forgotten_and_its_build_stays(harbour: Harbour) -> None:
    sender = a_sender(harbour)
    sender.send()
    sender.send(push("github", number=2), key="two")
    Delivery.objects.filter(key="id one").update(created_at=now() - timedelta(days=31))
    assert services.prune(now=now()) == 1 and services.prune(now=now()) == 0
    assert Delivery.objects.get().key == "id two" and Build.objects.count() == 2


def test_a_new_encryption_key_seals_hooks_too(harbour: Harbour, settings: Settings) -> None:
    sender = a_sender(harbour)
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]
    assert vault.rotate() == 1
    settings.ENCRYPTION_KEYS = [new]
    assert sealing.unseal(bytes(Hook.objects.get().ciphertext)) == sender.secret
