"""What is kept of a delivery, for how long, and what of it is never kept: signatures, tokens, whatever looks secret."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from webapp.hooks.models import Delivery, Hook

KEEP = 200  # of one hook
KEEP_DAYS = 30
MAX_BODY = 64 * 1024
MAX_HEADER = 300
MASK = "(not kept)"
HEADERS = ("content-type", "user-agent", "idempotency-key")
HEADER_STARTS = ("x-github-", "x-gitlab-", "x-gitea-", "x-gogs-", "x-hub-", "x-slipway-")
_SECRET_LOOK = re.compile(r"secret|token|password|passwd|authorization|signature|private_?key|api_?key", re.IGNORECASE)


def headers_kept(headers: Mapping[str, str], *, secret: str) -> dict[str, str]:
    """The headers that tell something about the delivery, signatures and tokens masked."""
    return {
        name: MASK if _SECRET_LOOK.search(name) or name.startswith("x-hub-") else _plain(value, secret)[:MAX_HEADER]
        for name, value in sorted(headers.items())
        if name in HEADERS or name.startswith(HEADER_STARTS)
    }


def body_kept(payload: Any, *, secret: str) -> str:
    """The body's beginning, written anew from what was read of it."""
    text = _plain(json.dumps(_masked(payload), indent=1, ensure_ascii=False), secret)
    return text.encode()[:MAX_BODY].decode(errors="ignore")


def forget_beyond(hook: Hook) -> None:
    """Keep this hook's newest deliveries only."""
    rows = Delivery.objects.filter(hook=hook)
    oldest = rows.order_by("-created_at", "-id").values_list("id", flat=True)[KEEP:]
    ids = list(oldest)
    if ids:
        rows.filter(id__in=ids).delete()


def prune(*, now: datetime) -> int:
    """Forget what is older than thirty days, of every hook; how many deliveries that were. For the control loop."""
    done, _ = Delivery.objects.filter(created_at__lt=now - timedelta(days=KEEP_DAYS)).delete()
    return done


def _masked(value: Any) -> Any:
    match value:
        case dict():
            return {
                name: MASK if _SECRET_LOOK.search(name) and isinstance(inner, str | int) else _masked(inner)
                for name, inner in value.items()
            }
        case list():
            return [_masked(inner) for inner in value]
    return value


def _plain(text: str, secret: str) -> str:
    return text.replace(secret, MASK)
