"""Brakes on guessing: failures are counted per address and per account, in the database, for all processes together.

Only failures are written, and none beyond a limit, so that guessing does not become a load. What is counted is a
digest; a brake tells nobody whether an account exists, since unknown names are counted like known ones.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import now

from webapp.teams.models import Failures

KEEP_HOURS = 24


@dataclass(frozen=True)
class Brake:
    """So many failures in so many seconds, then no further try until they are over."""

    name: str
    seconds: int
    per_address: int
    per_account: int


SIGN_IN = Brake("sign-in", seconds=300, per_address=30, per_account=10)
TOKEN = Brake("token", seconds=60, per_address=30, per_account=30)
INVITATION = Brake("invitation", seconds=300, per_address=30, per_account=10)


def seconds_to_wait(brake: Brake, *, address: str, account: str = "") -> int:
    """0, or after how many seconds the next try is heard. Ask before looking at the credential. One query."""
    since = now() - timedelta(seconds=brake.seconds)
    limits = {_key(brake, kind, what): limit for kind, what, limit in _counted(brake, address, account)}
    longest = 0
    for row in Failures.objects.filter(key__in=limits, since__gt=since):
        if row.count >= limits[row.key]:
            left = row.since + timedelta(seconds=brake.seconds) - now()
            longest = max(longest, int(left.total_seconds()) + 1)
    return longest


def failed(brake: Brake, *, address: str, account: str = "") -> None:
    """Note a failure for both."""
    since = now() - timedelta(seconds=brake.seconds)
    with transaction.atomic():
        for kind, what, limit in _counted(brake, address, account):
            _note(_key(brake, kind, what), since, limit)


def released(brake: Brake, *, account: str) -> None:
    """Forget an account's failures, after it was right. Those of the address stay: it may try many accounts."""
    Failures.objects.filter(key=_key(brake, "account", account)).delete()


def _note(key: str, since: object, limit: int) -> None:
    current = Failures.objects.filter(key=key, since__gt=since)
    if current.filter(count__lt=limit).update(count=F("count") + 1) or current.exists():
        return
    Failures.objects.filter(since__lt=now() - timedelta(hours=KEEP_HOURS)).delete()
    if Failures.objects.filter(key=key).update(since=now(), count=1):
        return
    try:
        with transaction.atomic():
            Failures.objects.create(key=key, since=now(), count=1)
    except IntegrityError:
        Failures.objects.filter(key=key).update(count=F("count") + 1)


def _counted(brake: Brake, address: str, account: str) -> list[tuple[str, str, int]]:
    counted = [("address", address, brake.per_address)]
    return [*counted, ("account", account, brake.per_account)] if account else counted


def _key(brake: Brake, kind: str, what: str) -> str:
    return hashlib.sha256(f"{brake.name}\n{kind}\n{what.casefold()}".encode("utf-8", "replace")).hexdigest()
