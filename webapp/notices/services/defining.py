"""Define, change and delete channels. What is secret goes in and never comes out."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from webapp import sealing
from webapp.audit import services as audit
from webapp.environments.services import find_credential
from webapp.findings import Findings
from webapp.notices import validation
from webapp.notices.models import Channel
from webapp.problems import Conflicting
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_CHANNELS = 20  # of one project


def create_channel(
    *,
    actor: Actor,
    project: Project,
    name: str,
    kind: str,
    url: str,
    forge: str = "",
    credential: str = "",
    events: Sequence[str] | None = None,
    images: Sequence[str] = (),
    environments: Sequence[str] = (),
    enabled: bool = True,
) -> tuple[Channel, str]:
    """A new channel, and the secret by which a webhook is signed ('' for other kinds), which is told this once."""
    require(actor, Action.OPERATE, project)
    findings = Findings()
    findings.slug(name, "name")
    findings.choice(kind, "kind", validation.KINDS)
    findings.settle()
    fields = _filters(findings, kind, events=events, images=images, environments=environments)
    fields |= _status_fields(findings, project, kind, forge, credential)
    clean = _address(findings, kind, url)
    findings.settle()
    secret = secrets.token_hex(32) if kind == "webhook" else ""
    fields |= {"target": validation.masked(clean, kind=kind), "sealed": _seal(clean, secret), "enabled": enabled}
    with transaction.atomic():
        Project.objects.select_for_update().get(id=project.id)
        if Channel.objects.filter(project=project).count() >= MAX_CHANNELS:
            raise Conflicting(code="channel.too_many", detail=f"A project has at most {MAX_CHANNELS} channels.")
        try:
            with transaction.atomic():
                channel = Channel.objects.create(project=project, name=name, kind=kind, created_by=actor.user, **fields)
        except IntegrityError as error:
            raise Conflicting(code="channel.name_taken", detail=f"The project has a channel {name}.") from error
        _record(actor, "channel.create", channel, after=validation.facts_of(channel))
    return channel, secret


def change_channel(
    *,
    actor: Actor,
    channel: Channel,
    url: str | None = None,
    credential: str | None = None,
    events: Sequence[str] | None = None,
    images: Sequence[str] | None = None,
    environments: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> Channel:
    """Change what is given; name, kind and forge stay. A new address keeps the secret of the old one."""
    require(actor, Action.OPERATE, channel.project)
    findings = Findings()
    after = _filters(
        findings,
        channel.kind,
        events=channel.events if events is None else events,
        images=channel.images if images is None else images,
        environments=channel.environments if environments is None else environments,
    )
    if credential is not None:
        after |= _status_fields(findings, channel.project, channel.kind, channel.forge, credential)
    clean = _address(findings, channel.kind, url) if url is not None else ""
    findings.settle()
    after["enabled"] = channel.enabled if enabled is None else enabled
    before = validation.facts_of(channel)
    if not clean and all(before[name] == value for name, value in after.items()):
        return channel
    if clean:
        after["target"] = validation.masked(clean, kind=channel.kind)
    with transaction.atomic():
        rows = Channel.objects.filter(id=channel.id, **{name: before[name] for name in after})
        locked = rows.select_for_update().first()
        if locked is None:
            raise Conflicting(code="channel.changed", detail="Somebody else changed this channel just now: look again.")
        if clean:
            after["sealed"] = _seal(clean, unsealed(locked)["secret"])
        rows.update(**after)
        channel.refresh_from_db()
        _record(actor, "channel.change", channel, before=before, after=validation.facts_of(channel))
    return channel


def renew_secret(*, actor: Actor, channel: Channel) -> str:
    """A new secret for a webhook, told once; notices from now on are signed by it."""
    require(actor, Action.OPERATE, channel.project)
    if channel.kind != "webhook":
        raise Conflicting(code="channel.no_secret", detail="Only what a webhook is told is signed.")
    secret = secrets.token_hex(32)
    with transaction.atomic():
        locked = Channel.objects.select_for_update().get(id=channel.id)
        Channel.objects.filter(id=channel.id).update(sealed=_seal(unsealed(locked)["url"], secret))
        _record(actor, "channel.secret_renewed", channel)
    return secret


def delete_channel(*, actor: Actor, channel: Channel) -> None:
    """End it, with what is kept of its notices."""
    require(actor, Action.OPERATE, channel.project)
    with transaction.atomic():
        _record(actor, "channel.delete", channel, before=validation.facts_of(channel))
        channel.delete()


def unsealed(channel: Channel) -> dict[str, str]:
    """Its address and secret, for a way out alone."""
    found: dict[str, str] = json.loads(sealing.unseal(bytes(channel.sealed)))
    return found


def _seal(url: str, secret: str) -> bytes:
    return sealing.seal(json.dumps({"url": url, "secret": secret}))


def _address(findings: Findings, kind: str, url: object) -> str:
    clean = {
        "webhook": validation.clean_webhook,
        "apprise": validation.clean_apprise,
        "commit_status": validation.clean_base,
    }
    return clean[kind](findings, url)


def _filters(findings: Findings, kind: str, *, events: object, images: object, environments: object) -> dict[str, Any]:
    return {
        "events": validation.clean_events(findings, events, kind=kind),
        "images": _patterns(findings, "images", images),
        "environments": _patterns(findings, "environments", environments),
    }


def _patterns(findings: Findings, field: str, patterns: object) -> list[str]:
    return findings.patterns(patterns, field, limit=validation.MAX_PATTERN, such_as="front or api-*")


def _status_fields(findings: Findings, project: Project, kind: str, forge: str, credential: str) -> dict[str, str]:
    """Of a commit status: where, and which secret of the project is the token."""
    if kind != "commit_status":
        for field, value in (("forge", forge), ("credential", credential)):
            if value:
                findings.add(field, "Only a commit status has this.")
        return {}
    validation.clean_forge(findings, forge)
    if not credential:
        findings.add("credential", "The name of the project's secret that holds the token.")
    elif findings.key(credential, "credential") and find_credential(project=project, name=credential) is None:
        findings.add("credential", "The project has no such secret to sign in with. Set it for the whole project.")
    return {"forge": forge, "credential": credential}


def _record(actor: Actor, action: str, channel: Channel, **facts: Any) -> None:
    audit.record_of(channel.project, actor=actor, action=action, target=channel.as_target(), **facts)
