"""Channels: where they may lead, what of them is shown, who may change them."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pytest_django.fixtures import Settings

from tests.deployments.rig import Harbour
from tests.notices.given import a_channel, a_status_channel
from webapp.audit.models import Entry
from webapp.environments import vault
from webapp.environments.services import set_secret
from webapp.notices import services
from webapp.notices.models import Channel
from webapp.notices.services.defining import unsealed
from webapp.notices.ways import chats
from webapp.problems import Conflicting, Forbidden, Invalid

pytestmark = pytest.mark.thorough


@pytest.fixture
def nothing_private(settings: Settings) -> None:
    settings.PRIVATE_TARGETS = []


@pytest.fixture
def understood(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Apprise is not asked: which URLs would have been."""
    asked: list[str] = []
    monkeypatch.setattr(chats, "is_understood", lambda url: not asked.append(url))  # type: ignore[func-returns-value]
    return asked


def refused_at(harbour: Harbour, **given: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        a_channel(harbour, **given)
    assert not Channel.objects.exists()
    return list(refused.value.errors)


PRIVATE_URLS = (
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://localhost./x",
    "https://10.0.0.8/x",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://017700000001/x",
    "https://redis.internal/x",
    "https://0/x",
)


@pytest.mark.parametrize("kind", ["webhook", "apprise", "commit_status"])
def test_a_private_address_is_refused_at_the_door(
    harbour: Harbour, nothing_private: None, understood: list[str], kind: str
) -> None:
    given: dict[str, Any] = {"kind": kind}
    if kind == "commit_status":
        cast = harbour.cast
        set_secret(
            actor=cast.actor("owner"), project=cast.project, environment=None, name="T", value="x" * 9, use="credential"
        )
        given |= {"forge": "gitea", "credential": "T", "events": None}
    for url in PRIVATE_URLS:
        url = url.replace("https://", "jsons://") if kind == "apprise" else url
        assert (url, refused_at(harbour, url=url, **given)) == (url, ["url"])
    assert understood == []


NO_WEBHOOKS = (
    "http://chat.example.org/x",
    "ftp://chat.example.org/x",
    "file:///etc/passwd",
    "https://user:pass@chat.example.org/x",
    "https://chat.example.org/x#y",
    "https://chat.example.org:0/x",
    "https://chat.example.org:x/x",
    "https://chat.example.org/a b",
    "https://chat.example.org\\@127.0.0.1/",
    "https:///x",
    "chat.example.org",
    "",
    "https://chat.example.org/" + "x" * 2000,
)


def test_a_webhook_is_a_plain_https_address(harbour: Harbour) -> None:
    for url in NO_WEBHOOKS:
        assert (url, refused_at(harbour, url=url)) == (url, ["url"])


NOT_FOR_APPRISE = (
    "file:///etc/passwd",
    "exec://touch/x",
    "dbus://",
    "syslog://x/",
    "script://x/",
    "json://chat.example.org/x",
    "mailto://user:pass@example.org",
    "slack://a/b/c?template=/etc/passwd",
    "slack://a/b/c?%20template=/etc/passwd",
    "slack://a/b/c?TEMPLATE=/etc/passwd",
    "slack://a/b/c;x?to=y;template=/etc/passwd",
    "slack://a/b/#chan?template=/etc/passwd",
    "mailtos://user:pass@example.org?pgpkey=/etc/passwd",
    "mailtos://user:pass@example.org?smtp=127.0.0.2",
    "mailtos://user:pass@example.org?smtp=redis.internal:25",
    "jsons://chat.example.org/?verify=no",
    "jsons://chat.example.org/?redirect=yes",
    "jsons://chat.example.org/,%20file:///etc/passwd?verify=no",
    "gchat://10.0.0.1/x/y",
)


def test_of_apprise_only_what_speaks_https_or_mail_and_names_no_file(harbour: Harbour, understood: list[str]) -> None:
    for url in NOT_FOR_APPRISE:
        assert (url, refused_at(harbour, kind="apprise", url=url)) == (url, ["url"])
    assert understood == []


@pytest.mark.thorough
def test_what_apprise_does_not_understand_is_refused(harbour: Harbour) -> None:
    assert refused_at(harbour, kind="apprise", url="slack://not-a-token/") == ["url"]
    channel, secret = a_channel(harbour, kind="apprise", url="discord://1234567/abcdefghij?footer=yes")
    assert channel.target == "discord://…" and secret == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "No Slug"}, "name"),
        ({"kind": "pigeon"}, "kind"),
        ({"events": []}, "events"),
        ({"events": ["build.exploded"]}, "events"),
        ({"images": ["x"] * 21}, "images"),
        ({"environments": [""]}, "environments"),
        ({"forge": "github"}, "forge"),
        ({"credential": "FORGE"}, "credential"),
    ],
)
def test_what_is_wrong_is_told_by_field(harbour: Harbour, given: dict[str, Any], field: str) -> None:
    assert refused_at(harbour, **given) == [field]


def test_a_commit_status_needs_a_code_host_a_credential_and_tells_of_builds(harbour: Harbour) -> None:
    cast = harbour.cast
    given = {"kind": "commit_status", "url": "https://git.example.org/api/v1", "events": ["deployment.failed"]}
    assert refused_at(harbour, **given) == ["events", "forge", "credential"]
    set_secret(actor=cast.actor("owner"), project=cast.project, environment=None, name="PLAIN", value="x" * 9)
    with pytest.raises(Conflicting):
        a_channel(harbour, **{**given, "events": None, "forge": "gitea", "credential": "PLAIN"})
    channel = a_status_channel(harbour, url="https://git.example.org/api/v1/", forge="gitea")
    assert channel.target == "https://git.example.org/api/v1" and "build.started" in channel.events


def test_the_address_goes_in_and_does_not_come_out(harbour: Harbour) -> None:
    channel, secret = a_channel(harbour, url="https://chat.example.org:8443/in/canary-path?token=canary")
    assert channel.target == "https://chat.example.org:8443/…" and len(secret) == 64
    assert b"canary" not in bytes(channel.sealed) and "canary" not in str(list(Entry.objects.values()))
    services.change_channel(
        actor=harbour.cast.actor("operator"), channel=channel, url="https://else.example.org/canary"
    )
    assert unsealed(channel) == {"url": "https://else.example.org/canary", "secret": secret}
    entry = Entry.objects.get(action="channel.change")
    assert entry.after and entry.after["target"] == "https://else.example.org/…"
    renewed = services.renew_secret(actor=harbour.cast.actor("operator"), channel=channel)
    assert renewed != secret and unsealed(Channel.objects.get()) == {
        "url": "https://else.example.org/canary",
        "secret": renewed,
    }


def test_a_new_encryption_key_seals_channels_too(harbour: Harbour, settings: Settings) -> None:
    _, secret = a_channel(harbour)
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]
    assert vault.rotate() == 1
    settings.ENCRYPTION_KEYS = [new]
    assert unsealed(Channel.objects.get())["secret"] == secret


def test_a_change_that_changes_nothing_is_not_told_and_the_later_of_two_is(harbour: Harbour) -> None:
    channel, operator = a_channel(harbour)[0], harbour.cast.actor("operator")
    services.change_channel(actor=operator, channel=channel, images=[])
    assert not Entry.objects.filter(action="channel.change").exists()
    stale = Channel.objects.select_related("project").get()
    services.change_channel(actor=operator, channel=channel, images=["front"])
    with pytest.raises(Conflicting):
        services.change_channel(actor=operator, channel=stale, images=["back"])
    assert Channel.objects.get().images == ["front"]


def test_names_are_taken_once_and_channels_are_counted(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    a_channel(harbour)
    with pytest.raises(Conflicting):
        a_channel(harbour)
    monkeypatch.setattr("webapp.notices.services.defining.MAX_CHANNELS", 1)
    with pytest.raises(Conflicting):
        a_channel(harbour, name="other")


@pytest.mark.parametrize("name", ["viewer", "developer", "stranger", "admin"])
def test_who_may_not_operate_changes_nothing(harbour: Harbour, name: str) -> None:
    channel, actor = a_channel(harbour)[0], harbour.cast.actor(name)
    acts: list[Callable[[], object]] = [
        lambda: services.create_channel(
            actor=actor, project=channel.project, name="x", kind="webhook", url="https://chat.example.org/"
        ),
        lambda: services.change_channel(actor=actor, channel=channel, enabled=False),
        lambda: services.renew_secret(actor=actor, channel=channel),
        lambda: services.send_test(actor=actor, channel=channel),
        lambda: services.delete_channel(actor=actor, channel=channel),
    ]
    before = Entry.objects.count()
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    assert Channel.objects.get().enabled and Entry.objects.count() == before
