"""So many requests per credential and minute, so that none crowds out the others. Counted in each web process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from webapp.rest.client import address_of
from webapp.teams.policy import Actor

if TYPE_CHECKING:
    from rest_framework.views import APIView

MAX_CREDENTIALS = 10_000
PERIODS = {"sec": 1.0, "min": 60.0, "hour": 3600.0, "day": 86400.0}


class Buckets:
    """A bucket per key: it holds as many requests as the rate allows in its period, and fills steadily."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, *, limit: int, period: float, at: float) -> float:
        """Take one; 0.0, or the seconds until there is one."""
        with self._lock:
            left, since = self._left.pop(key, (float(limit), at))
            left = min(float(limit), left + (at - since) * limit / period)
            taken = left >= 1.0
            self._left[key] = (left - 1.0 if taken else left, at)
            if len(self._left) > MAX_CREDENTIALS:
                self._left.popitem(last=False)
        return 0.0 if taken else (1.0 - left) * period / limit

    def clear(self) -> None:
        """Everybody starts anew."""
        with self._lock:
            self._left.clear()


buckets = Buckets()


class CredentialThrottle(BaseThrottle):
    """The rate of settings (`1200/min`) for each person, each token, and each address of nobody known."""

    seconds = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        count, _, period = str(api_settings.DEFAULT_THROTTLE_RATES["credential"]).partition("/")
        key = credential_key(request)
        self.seconds = buckets.take(key, limit=int(count), period=PERIODS[period], at=time.monotonic())
        return self.seconds == 0.0

    def wait(self) -> float:
        return self.seconds


def credential_key(request: Request) -> str:
    """Whose request this is: one token, one person's sessions, or an address."""
    actor = request.auth
    if isinstance(actor, Actor) and actor.token is not None:
        return f"token:{actor.token.id}"
    if isinstance(actor, Actor) and actor.user is not None:
        return f"user:{actor.user.id}"
    return f"address:{address_of(request.META)}"
