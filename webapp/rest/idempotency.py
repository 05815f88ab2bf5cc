"""`Idempotency-Key`: a POST that is sent again, because its answer got lost, is answered again and not done again."""

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

HEADER = "Idempotency-Key"
MAX_KEY = 255
KEEP_HOURS = 24
KEPT_HEADERS = ("Location", "ETag")
REPLAYED = "Idempotency-Replayed"


class Again(Exception):
    """Not done: this request was answered before, with this."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


def begin(request: Request) -> IdempotentAnswer | None:
    """The place for this request's answer; None without a key. Raises `Again` with an earlier answer.

    Raises `Conflicting` when the key was used for another request, or for this one and it is not known how it ended.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Invalid({HEADER: [f"1 to {MAX_KEY} visible ASCII characters."]})
    IdempotentAnswer.objects.filter(created_at__lt=now() - timedelta(hours=KEEP_HOURS)).delete()
    place = IdempotentAnswer(
        actor=credential_key(request),
        key=key,
        request=f"{request.method} {request.path}"[:400],
        body_hash=hashlib.sha256(canonical(request.data)).hexdigest(),
        created_at=now(),
    )
    try:
        with transaction.atomic():
            place.save(force_insert=True)
    except IntegrityError:
        _answer_again(place)
    return place


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
    known = IdempotentAnswer.objects.filter(actor=wanted.actor, key=wanted.key).first()
    if known is None or (known.request, known.body_hash) != (wanted.request, wanted.body_hash):
        raise Conflicting(code="idempotency.other", detail="This key was used for another request. Use a new one.")
    if known.status is None or known.answer is None:
        raise Conflicting(
            code="idempotency.under_way",
            detail="The request with this key is under way, or was cut off. Look what it did before you use a new key.",
        )
    kept: dict[str, Any] = json.loads(sealing.unseal(bytes(known.answer)))
    raise Again(Response(kept["data"], status=known.status, headers={**kept["headers"], REPLAYED: "true"}))
