"""Who runs the control loop: a row with an expiry, taken by compare-and-set."""

from datetime import datetime, timedelta

from django.db.models import Q

from webapp.control.models import Lock

LOCK_SECONDS = 5.0  # a loop that died is replaced after this


def take(*, holder: str, now: datetime) -> bool:
    """Take or keep the lock; False while another holds it."""
    Lock.objects.get_or_create(id=1)
    free = Q(holder=holder) | Q(expires_at__isnull=True) | Q(expires_at__lt=now)
    expires_at = now + timedelta(seconds=LOCK_SECONDS)
    return bool(Lock.objects.filter(free, id=1).update(holder=holder, expires_at=expires_at))


def release(*, holder: str) -> None:
    """Let the next one begin at once."""
    Lock.objects.filter(id=1, holder=holder).update(expires_at=None, holder="")
