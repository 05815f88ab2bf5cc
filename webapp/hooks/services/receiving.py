"""A delivery: proven by its signature, judged by the hook's filters, built once, however often it is said.

What the database holds unique decides between deliveries that come at the same time.
"""

import hashlib
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from webapp import sealing
from webapp.audit import services as audit
from webapp.hooks import events
from webapp.hooks.events import Other, Push
from webapp.hooks.filters import names_repository, why_not
from webapp.hooks.models import Delivery, Hook
from webapp.hooks.refusals import TooMany
from webapp.hooks.services import keeping
from webapp.hooks.signatures import prove
from webapp.ids import new_id
from webapp.images.models import Build
from webapp.images.services import request_build
from webapp.problems import Conflicting, Missing, Refusal, Unplannable
from webapp.rest.parsers import StrictJSONParser
from webapp.rest.throttling import Buckets
from webapp.teams.policy import Action, Actor, HookBearer, actor_for_hook, require

PER_ADDRESS = 600  # in a minute: code hosts send for many from one address
PER_HOOK = 60
MINUTE = 60.0
MAX_REASON = 500

NO_SECRET = sealing.seal("of no hook")  # compared with where there is no hook, so that it takes as long
buckets = Buckets()


@dataclass(frozen=True)
class Heard:
    """The answer: 200 (again, or a ping), 202 (a build), 204 (nothing to build)."""

    status: int
    build: Build | None = None
    reason: str = ""
    delivery: Delivery | None = None


@dataclass(frozen=True)
class Said:
    """A delivery as it came, its sender proven."""

    key: str
    proof: str
    body_digest: str
    event: str
    headers: dict[str, str]
    body: str
    push: Push | None
    other: Other | None = None
    redelivery_of: Delivery | None = None


def receive(
    *, hook_id: str, headers: Mapping[str, str], body: bytes, at: datetime, ip: str, request_id: str = ""
) -> Heard:
    """Hear one delivery. Header names in lower case; `body` as it was sent.

    Raises `Missing`, `Unproven`, `Conflicting` (replay, disabled), `Invalid`, `Unplannable`, `TooMany`.
    """
    _take(f"address {ip}", PER_ADDRESS)
    hook = Hook.objects.select_related("image__project__team").filter(id=hook_id).first() if _is_id(hook_id) else None
    secret = sealing.unseal(bytes(hook.ciphertext if hook is not None else NO_SECRET))
    kind = hook.kind if hook is not None else "github"
    try:
        proof = prove(kind=kind, secret=secret, headers=headers, body=body, at=at)
    except Refusal:
        if hook is None:
            raise _nowhere() from None
        raise
    if hook is None:
        raise _nowhere()
    _take(f"hook {hook.id}", PER_HOOK)
    if not hook.enabled:
        raise Conflicting(code="hook.disabled", detail="This hook is switched off: nothing is built.")
    said = _read(hook, secret, proof, headers, body)
    return _hear(hook, said, _actor(hook, ip=ip, request_id=request_id))


def redeliver(*, actor: Actor, delivery: Delivery) -> Heard:
    """Judge a delivery that was proven once by the hook as it is now, and build as the hook. A build each time."""
    hook = delivery.hook
    require(actor, Action.OPERATE, hook.image.project)
    if delivery.push is None:
        raise Conflicting(code="delivery.no_push", detail="This event builds nothing: there is nothing to repeat.")
    if not hook.enabled:
        raise Conflicting(code="hook.disabled", detail="This hook is switched off. Switch it on first.")
    first = delivery.redelivery_of or delivery
    said = Said(
        key=f"again {new_id()}",
        proof="",
        body_digest=delivery.body_digest,
        event=delivery.event,
        headers=delivery.headers,
        body=delivery.body,
        push=events.restored(delivery.push),
        redelivery_of=first,
    )
    with transaction.atomic():
        _record(actor, "hook.redeliver", hook, after={"delivery": first.id})
    return _hear(hook, said, _actor(hook, ip=actor.ip, request_id=actor.request_id))


def _read(hook: Hook, secret: str, proof: str, headers: Mapping[str, str], body: bytes) -> Said:
    """Parse and understand what was proven."""
    body_digest = hashlib.sha256(body).hexdigest()
    key = events.key_of(hook.kind, headers, body_digest=body_digest)
    payload = StrictJSONParser().parse(io.BytesIO(body))
    found = events.read(hook.kind, headers, payload)
    return Said(
        key=key,
        proof=proof,
        body_digest=body_digest,
        event=events.name_of(hook.kind, headers),
        headers=keeping.headers_kept(headers, secret=secret),
        body=keeping.body_kept(payload, secret=secret),
        push=found if isinstance(found, Push) else None,
        other=found if isinstance(found, Other) else None,
    )


def _hear(hook: Hook, said: Said, actor: Actor) -> Heard:
    """Answer once; the same again is answered the same, unless it was refused, which is tried again."""
    try:
        with transaction.atomic():
            delivery, before = _claim(hook, said)
            if before is not None:
                return before
            heard = replace(_act(hook, said, actor), delivery=delivery)
            delivery.status, delivery.reason, delivery.build = heard.status, heard.reason[:MAX_REASON], heard.build
            delivery.save(update_fields=["status", "reason", "build"])
            keeping.forget_beyond(hook)
    except Refusal as refusal:
        if not isinstance(refusal, Replayed):
            _keep_refused(hook, said, refusal)
        raise
    if heard.status == 204:
        _tell_ignored(actor, hook, heard.reason)
    return heard


class Replayed(Conflicting):
    """409: this delivery or this signature was used for something else."""


def _claim(hook: Hook, said: Said) -> tuple[Delivery, Heard | None]:
    """Our row, with the earlier answer where there is one."""
    try:
        with transaction.atomic():
            return _keep(hook, said, status=202), None
    except IntegrityError:
        rows = Delivery.objects.select_for_update(of=("self",)).select_related("build")
        found = rows.filter(hook=hook, key=said.key).first()
    if found is None or found.body_digest != said.body_digest:
        what = "this signature under another name" if found is None else "this delivery with another body"
        raise Replayed(code="hook.replay", detail=f"The hook was already told {what}.")
    if found.status >= 400:
        return found, None
    return found, Heard(200 if found.status == 202 else found.status, found.build, found.reason, found)


def _act(hook: Hook, said: Said, actor: Actor) -> Heard:
    """Build what was pushed, if the hook allows it."""
    push, image = said.push, hook.image
    if push is None:
        other = said.other or Other(204, "Nothing to build.")
        return Heard(other.status, reason=other.reason)
    if image.source.get("kind") != "git" or not names_repository(image.source["url"], push.repositories):
        raise Unplannable(
            code="hook.other_repository",
            detail="The event is of another repository than the image's.",
            reasons=[f"The event names {', '.join(push.repositories) or 'none'}."],
        )
    reason = why_not(push, branches=hook.branches, tags=hook.tags, paths=hook.paths)
    if reason:
        return Heard(204, reason=reason)
    trigger = {"kind": "hook", "hook": hook.id, "branch": push.branch, "tag": push.tag}
    build = request_build(
        actor=actor, image=image, ref=push.commit, trigger={**trigger, "commit": push.commit, "author": push.author}
    )
    _record(actor, "hook.accepted", hook, after={"build": build.number, **trigger, "commit": push.commit})
    return Heard(202, build)


def _keep(hook: Hook, said: Said, *, status: int, reason: str = "") -> Delivery:
    return Delivery.objects.create(
        hook=hook,
        key=said.key,
        proof=said.proof,
        body_digest=said.body_digest,
        event=said.event,
        push=events.stored(said.push) if said.push is not None else None,
        headers=said.headers,
        body=said.body,
        status=status,
        reason=reason[:MAX_REASON],
        redelivery_of=said.redelivery_of,
    )


def _keep_refused(hook: Hook, said: Said, refusal: Refusal) -> None:
    """What was refused is told in the list of deliveries too; it may be sent again."""
    reason = " ".join([refusal.detail, *refusal.reasons])
    with transaction.atomic():
        known = Delivery.objects.filter(hook=hook, key=said.key)
        if known.exists():
            known.filter(status__gte=400).update(status=refusal.status, reason=reason[:MAX_REASON])
            return
        try:
            with transaction.atomic():
                _keep(hook, said, status=refusal.status, reason=reason)
        except IntegrityError:
            return  # the same came in at the same time, and tells of it
        keeping.forget_beyond(hook)


def _actor(hook: Hook, *, ip: str, request_id: str) -> Actor:
    bearer = HookBearer(id=hook.id, name=hook.name, project_id=hook.image.project_id)
    return actor_for_hook(bearer, ip=ip, request_id=request_id)


def _take(key: str, limit: int) -> None:
    wait = buckets.take(key, limit=limit, period=MINUTE, at=time.monotonic())
    if wait:
        raise TooMany(wait=wait)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _nowhere() -> Missing:
    return Missing(code="missing", detail="There is no such hook.")


def _tell_ignored(actor: Actor, hook: Hook, reason: str) -> None:
    audit.record_refusal(
        actor=actor,
        action="hook.ignored",
        reason=f"hook {hook.name}: {reason}",
        target_type="hook",
        target_id=hook.id,
        team_id=hook.image.project.team_id,
        project_id=hook.image.project_id,
    )


def _record(actor: Actor, action: str, hook: Hook, *, after: dict[str, Any]) -> None:
    audit.record_of(hook.image.project, actor=actor, action=action, target=hook.as_target(), after=after)
