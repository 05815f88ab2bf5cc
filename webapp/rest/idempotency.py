"""`Idempotency-Key`: a POST that is sent again, because its answer got lost, is answered again and not done again.

Only what is small is compared: a body that is not JSON, or over 1 MiB, goes without (an upload names its digest).
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from webapp import sealing
from webapp.problems import Conflicting, Invalid
from webapp.rest.canonical import canonical
from webapp.rest.models import IdempotentAnswer
from webapp.rest.throttling import credential_key
from webapp.rest.waiting import until_terminal

HEADER = "Idempotency-Key"
MAX_KEY = 255
MAX_BODY_BYTES = 1024 * 1024
JSON = "application/json"
KEEP_HOURS = 24
WAIT_SECONDS = 20.0  # so long the second request waits for the answer of the first
CUT_OFF_SECONDS = 600.0  # no request takes so long: it was cut off
RETRY_AFTER_SECONDS = 5
ATTEMPTS = 3  # the first request may be refused, and forgotten, while the second waits
KEPT_HEADERS = ("Location", "ETag")
REPLAYED = "Idempotency-Replayed"


class Again(Exception):
    """Not done: this request was answered before, with this."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


def begin(request: Request) -> IdempotentAnswer | None:
    """The place for this request's answer; None without a key. Raises `Again` with an earlier answer.

    While the first request with the key is under way, this one waits for its answer. Raises `Conflicting` when the key
    was used for another request, or when the first one does not end.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Invalid({HEADER: [f"1 to {MAX_KEY} visible ASCII characters."]})
    body = _comparable(request)
    if body is None:
        return None
    IdempotentAnswer.objects.filter(created_at__lt=now() - timedelta(hours=KEEP_HOURS)).delete()
    for _ in range(ATTEMPTS):
        place = IdempotentAnswer(
            actor=credential_key(request),
            key=key,
            request=f"{request.method} {request.path}"[:400],
            body_hash=hashlib.sha256(body).hexdigest(),
            created_at=now(),
        )
        try:
            with transaction.atomic():
                place.save(force_insert=True)
        except IntegrityError:
            _answer_again(place)
        else:
            return place
    raise _under_way()


def _comparable(request: Request) -> bytes | None:
    """The body in its one spelling; None for one that is not compared, which is not read either."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        return None
    if (declared not in ("", "0") or "Transfer-Encoding" in request.headers) and not _is_json(request):
        return None
    body = canonical(request.data)
    return body if len(body) <= MAX_BODY_BYTES else None


def _is_json(request: Request) -> bool:
    return (request.content_type or "").split(";")[0].strip().lower() == JSON


def finish(place: IdempotentAnswer, response: Response) -> None:
    """Keep a success for a day, sealed; forget anything else: what was refused may be tried again."""
    rows = IdempotentAnswer.objects.filter(pk=place.pk)
    if not 200 <= response.status_code < 300:
        rows.delete()
        return
    kept = {
        "data": response.data,
        "headers": {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
    }
    rows.update(status=response.status_code, answer=sealing.seal(json.dumps(kept, cls=JSONEncoder)))


def _answer_again(wanted: IdempotentAnswer) -> None:
    """Raise what the first request with this key was answered; return when it was refused and is forgotten."""
    rows = IdempotentAnswer.objects.filter(actor=wanted.actor, key=wanted.key)
    known = until_terminal(load=rows.first, is_terminal=lambda row: not _is_awaited(row, wanted), seconds=WAIT_SECONDS)
    if known is None:
        return
    if (known.request, known.body_hash) != (wanted.request, wanted.body_hash):
        raise Conflicting(code="idempotency.other", detail="This key was used for another request. Use a new one.")
    if known.status is None or known.answer is None:
        raise _under_way() if _is_awaited(known, wanted) else _cut_off()
    kept: dict[str, Any] = json.loads(sealing.unseal(bytes(known.answer)))
    raise Again(Response(kept["data"], status=known.status, headers={**kept["headers"], REPLAYED: "true"}))


def _is_awaited(known: IdempotentAnswer | None, wanted: IdempotentAnswer) -> bool:
    """Is it the same request, with an answer that may still come?"""
    if known is None or known.status is not None:
        return False
    if (known.request, known.body_hash) != (wanted.request, wanted.body_hash):
        return False
    return known.created_at > now() - timedelta(seconds=CUT_OFF_SECONDS)


def _under_way() -> Conflicting:
    return Conflicting(
        code="idempotency.under_way",
        detail="The request with this key is still under way. Send it again in a while.",
        retry_after=RETRY_AFTER_SECONDS,
    )


def _cut_off() -> Conflicting:
    return Conflicting(
        code="idempotency.cut_off",
        detail="The request with this key was cut off. Look what it did before you use a new key.",
    )
