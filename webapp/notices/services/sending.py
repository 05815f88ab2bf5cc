"""The outbox goes out: claimed by compare-and-set, sent outside of any transaction, tried again, given up visibly."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils.timezone import now as clock

from webapp import sealing
from webapp.audit import services as audit
from webapp.environments.services import find_credential
from webapp.notices import events
from webapp.notices.models import Channel, Notice
from webapp.notices.services.defining import unsealed
from webapp.notices.ways import chats, statuses, webhook
from webapp.notices.ways.outcome import Outcome, refused
from webapp.problems import Conflicting, Refusal
from webapp.rest.throttling import Buckets
from webapp.teams.policy import SYSTEM, Action, Actor, require

BATCH = 16  # of one pass
AT_ONCE = 8
HOLD_SECONDS = 120  # a try that is not settled by then died, and is made again
PAUSES = (10, 30, 60, 240, 600, 1800, 4500)  # seconds after each try but the last: two hours in all
MAX_TRIES = len(PAUSES) + 1
KEEP_DAYS = 30
TESTS = 10  # of one channel in a minute
MAX_SAID = 300

Way = Callable[[], Outcome]
tests = Buckets()


def send_due(*, now: datetime) -> int:
    """Send what is due, several at once; how many were tried. For the control loop."""
    claimed = [notice for notice in _due(now) if _claim(notice, now)]
    ways = [_way(notice.channel, notice.id, notice.facts, clock()) for notice in claimed]
    if not claimed:
        return 0
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for notice, outcome in zip(claimed, pool.map(_try, ways), strict=True):
            _settle(notice, outcome, clock())
    return len(claimed)


def send_test(*, actor: Actor, channel: Channel) -> Outcome:
    """Send a test now, and say how it went. Nothing of it is kept but that it was made."""
    require(actor, Action.OPERATE, channel.project)
    if tests.take(channel.id, limit=TESTS, period=60.0, at=time.monotonic()):
        raise Conflicting(code="channel.tests", detail=f"At most {TESTS} tests a minute: wait a moment.")
    facts = events.of_test(project=channel.project, channel=channel.name)
    moment = clock()
    outcome = _try(_way(channel, f"test-{int(moment.timestamp())}", facts, moment))
    if outcome.blocked:
        _tell_blocked(channel)
    with transaction.atomic():
        after = {"ok": outcome.ok, "status": outcome.status}
        audit.record_of(channel.project, actor=actor, action="channel.test", target=channel.as_target(), after=after)
    return outcome


def resend(*, actor: Actor, notice: Notice) -> Notice:
    """Send one that has ended again, with as many tries as a new one. One that is under way stays as it is."""
    require(actor, Action.OPERATE, notice.channel.project)
    with transaction.atomic():
        ended = Notice.objects.filter(id=notice.id).exclude(state="queued")
        if ended.update(state="queued", tries=0, next_at=clock(), ended_at=None, status=None, said=""):
            target = ("notice", notice.id, f"{notice.event} by {notice.channel.name}")
            audit.record_of(notice.channel.project, actor=actor, action="notice.resend", target=target)
    notice.refresh_from_db()
    return notice


def prune(*, now: datetime) -> int:
    """Forget notices that ended thirty days ago. For the control loop."""
    done, _ = Notice.objects.filter(ended_at__lt=now - timedelta(days=KEEP_DAYS)).delete()
    return done


def _due(now: datetime) -> Sequence[Notice]:
    rows = Notice.objects.filter(state="queued", next_at__lte=now).select_related("channel__project")
    return list(rows.order_by("next_at", "id")[:BATCH])


def _claim(notice: Notice, now: datetime) -> bool:
    """Take the try, unless the notice is overtaken or its channel off; a process that dies here tries again later."""
    reason = _why_skip(notice)
    mine = Notice.objects.filter(id=notice.id, state="queued", tries=notice.tries, next_at=notice.next_at)
    if reason:
        mine.update(state="skipped", said=reason, ended_at=now)
        return False
    if notice.tries >= MAX_TRIES:  # the last try died with its process
        mine.update(state="failed", said=notice.said or "The last try was broken off.", ended_at=now)
        return False
    held = now + timedelta(seconds=HOLD_SECONDS)
    if not mine.update(tries=notice.tries + 1, next_at=held):
        return False
    notice.tries, notice.next_at = notice.tries + 1, held
    return True


def _why_skip(notice: Notice) -> str:
    if not notice.channel.enabled:
        return "The channel is switched off."
    if notice.thread:
        thread = Notice.objects.filter(channel=notice.channel, thread=notice.thread)
        if thread.filter(created_at__gt=notice.created_at).exists():
            return "Something newer is told of this commit."
    return ""


def _way(channel: Channel, id: str, facts: dict[str, Any], at: datetime) -> Way:
    """What to do, with all that it needs: it runs where there is no database."""
    try:
        opened = unsealed(channel)
        if channel.kind == "webhook":
            return partial(webhook.send, url=opened["url"], secret=opened["secret"], id=id, facts=facts, at=at)
        if channel.kind == "apprise":
            return partial(chats.send, url=opened["url"], facts=facts)
        token = _token(channel)
        return partial(statuses.send, base=opened["url"], forge=channel.forge, token=token, facts=facts)
    except InvalidToken:
        return partial(refused, "No key that Slipway has opens what is sealed of this channel.")
    except Refusal as refusal:
        return partial(refused, refusal.detail)


def _token(channel: Channel) -> str:
    """What the project's secret holds: a token, or user:token as for fetching sources."""
    secret = find_credential(project=channel.project, name=channel.credential)
    if secret is None:
        raise Conflicting(
            code="channel.no_credential", detail=f"The project has no secret {channel.credential} any more."
        )
    return sealing.unseal(bytes(secret.ciphertext)).strip().rpartition(":")[2]


def _try(way: Way) -> Outcome:
    """Whatever goes wrong in a way out is its outcome, by its kind alone: errors may quote what is secret."""
    try:
        return way()
    except Exception as error:
        return Outcome(False, f"It could not be sent ({type(error).__name__}).")


def _settle(notice: Notice, outcome: Outcome, now: datetime) -> None:
    """Sent, given up, or due again after a pause; unless somebody sent it anew meanwhile."""
    mine = Notice.objects.filter(id=notice.id, state="queued", tries=notice.tries, next_at=notice.next_at)
    fields: dict[str, Any] = {"status": outcome.status, "said": outcome.said[:MAX_SAID]}
    if outcome.ok:
        mine.update(state="sent", ended_at=now, **fields)
    elif not outcome.again or notice.tries >= MAX_TRIES:
        mine.update(state="failed", ended_at=now, **fields)
    else:
        mine.update(next_at=now + timedelta(seconds=PAUSES[notice.tries - 1]), **fields)
    if outcome.blocked:
        _tell_blocked(notice.channel)


def _tell_blocked(channel: Channel) -> None:
    audit.record_refusal(
        actor=SYSTEM,
        action="ssrf.blocked",
        reason=f"channel {channel.name} leads to a private address",
        target_type="channel",
        target_id=channel.id,
        team_id=channel.project.team_id,
        project_id=channel.project_id,
    )
