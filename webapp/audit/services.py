"""The one way into the trail, and the way to check it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from webapp.audit import chain
from webapp.audit.models import Entry, Head, Repetition
from webapp.teams.models import Project
from webapp.teams.policy import Actor

COLLAPSE_SECONDS = 60
MAX_ANONYMOUS_KEYS = 200  # open at once; more addresses than that share one
FLUSH_BATCH = 100
VERIFY_BATCH = 2000

Target = tuple[str, str, str]  # its type, id and name


@dataclass(frozen=True)
class Verification:
    """`broken_at` is the number of the first entry that does not fit; `hash` the last link, to be kept elsewhere."""

    ok: bool
    entries: int
    broken_at: int | None
    hash: str


def record(
    *,
    actor: Actor | None,
    action: str,
    target_type: str,
    target_id: str = "",
    target: str = "",
    team_id: str = "",
    project_id: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: str = "done",
    reason: str = "",
) -> Entry:
    """Append an entry, inside the transaction of the verb it tells of: if this fails, so does the verb.

    `actor` None is somebody unknown. Secrets do not belong into `before` and `after`.
    """
    facts = _who(actor) | {
        "team_id": team_id,
        "project_id": project_id,
        "action": action,
        "target_type": target_type,
        "target_id": chain.text_of(target_id, 64),
        "target": chain.text_of(target, 200),
        "outcome": outcome,
        "reason": chain.text_of(reason, 400),
        "before": chain.storable(before),
        "after": chain.storable(after),
    }
    return _append(facts, count=1)


def record_of(
    project: Project | None,
    *,
    actor: Actor,
    action: str,
    target: Target,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Entry:
    """Append an entry about something of this project, or of none: what most verbs say. Otherwise like `record`."""
    kind, id, name = target
    return record(
        actor=actor,
        action=action,
        target_type=kind,
        target_id=id,
        target=name,
        team_id=project.team_id if project is not None else "",
        project_id=project.id if project is not None else "",
        before=before,
        after=after,
        reason=reason,
    )


def record_refusal(
    *,
    actor: Actor | None,
    action: str,
    reason: str,
    target_type: str = "",
    target_id: str = "",
    target: str = "",
    team_id: str = "",
    project_id: str = "",
    ip: str = "",
    request_id: str = "",
) -> None:
    """Append a refusal in a transaction of its own. The same again within a minute is counted, and told as one entry.

    `ip` and `request_id` are for somebody unknown (`actor` None).
    """
    facts = _who(actor, ip=ip, request_id=request_id) | {
        "team_id": team_id,
        "project_id": project_id,
        "action": action,
        "target_type": target_type,
        "target_id": chain.text_of(target_id, 64),
        "target": chain.text_of(target, 200),
        "outcome": "refused",
        "reason": chain.text_of(reason, 400),
        "before": None,
        "after": None,
    }
    at = now()
    with transaction.atomic():
        if actor is None and Repetition.objects.filter(facts__anonymous=True).count() >= MAX_ANONYMOUS_KEYS:
            facts |= {"ip": "", "target_id": "", "target": ""}  # of many together nothing is said that is one's alone
        key = _key(facts, known=actor is not None)
        fresh = at - timedelta(seconds=COLLAPSE_SECONDS)
        if Repetition.objects.filter(key=key, since__gt=fresh).update(count=F("count") + 1):
            return
        _tell(Repetition.objects.select_for_update().filter(key=key))
        _append(facts, count=1)
        Repetition.objects.create(key=key, since=at, facts={**facts, "anonymous": actor is None})


def flush_refusals(*, now: datetime) -> int:
    """Tell of repetitions whose minute is over; how many entries that made. For the control loop."""
    old = now - timedelta(seconds=COLLAPSE_SECONDS)
    with transaction.atomic():
        ids = list(Repetition.objects.filter(since__lte=old).values_list("pk", flat=True)[:FLUSH_BATCH])
        return _tell(Repetition.objects.select_for_update().filter(pk__in=ids))


def verify() -> Verification:
    """Walk the whole chain up to the head as it is now. What is appended meanwhile is left for the next time."""
    head = Head.objects.filter(id=1).first() or Head(id=1)
    previous, seen = chain.GENESIS, 0
    entries = Entry.objects.filter(number__lte=head.number).order_by("number").values(*chain.HASHED, "hash")
    for entry in entries.iterator(chunk_size=VERIFY_BATCH):
        if entry["number"] != seen + 1 or entry["previous"] != previous or entry["hash"] != chain.link(entry):
            return Verification(ok=False, entries=seen, broken_at=seen + 1, hash=previous)
        previous, seen = entry["hash"], seen + 1
    if seen != head.number or previous != head.hash:
        return Verification(ok=False, entries=seen, broken_at=seen + 1, hash=previous)
    return Verification(ok=True, entries=seen, broken_at=None, hash=previous)


def _who(actor: Actor | None, *, ip: str = "", request_id: str = "") -> dict[str, str]:
    if actor is None:
        return {"actor": "", "actor_id": "", "token_id": "", "ip": ip[:64], "request_id": request_id[:64]}
    return {
        "actor": actor.label[:200],
        "actor_id": actor.user.id if actor.user is not None else "",
        "token_id": actor.token.id if actor.token is not None else "",
        "ip": actor.ip[:64],
        "request_id": actor.request_id[:64],
    }


def _append(facts: Mapping[str, Any], *, count: int) -> Entry:
    """Only to be called within a transaction: the head stays locked until it ends, so that numbers have no hole."""
    Head.objects.get_or_create(id=1)
    head = Head.objects.select_for_update().get(id=1)
    number = head.number + 1
    entry = {**facts, "number": number, "at": now(), "count": count, "previous": head.hash}
    entry["hash"] = chain.link(entry)
    # A compare-and-set as well, for databases that lock no rows: of two writers one fails, with its verb.
    if not Head.objects.filter(id=1, number=head.number).update(number=number, hash=entry["hash"]):
        raise RuntimeError("two writers at the audit trail at once")
    return Entry.objects.create(**entry)


def _key(facts: Mapping[str, Any], *, known: bool) -> str:
    where = [facts["actor_id"], facts["token_id"], facts["action"], facts["reason"], facts["ip"]]
    if not known and facts["target"]:
        where.append(facts["target_id"])
    return hashlib.sha256(chain.canonical(where)).hexdigest()


def _tell(repetitions: Any) -> int:
    told = 0
    for repetition in repetitions:
        facts = {name: value for name, value in repetition.facts.items() if name != "anonymous"}
        if repetition.count:
            _append(facts, count=repetition.count)
            told += 1
        repetition.delete()
    return told
