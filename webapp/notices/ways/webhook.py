"""A plain webhook: the facts as JSON, signed as generic deliveries to our own hooks are."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp import reach
from webapp.hooks.signatures import sign
from webapp.notices.events import text_of, title_of
from webapp.notices.ways.outcome import Outcome, of_answer, of_unreached

SECONDS = 10.0


def send(*, url: str, secret: str, id: str, facts: Mapping[str, Any], at: datetime) -> Outcome:
    """One try. `id` is the same in every try, so that the receiver can tell a repetition."""
    told = {"id": id, **facts, "title": title_of(facts), "text": text_of(facts)}
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Slipway",
        "X-Slipway-Event": str(facts["event"]),
        "X-Slipway-Delivery": id,
        "X-Slipway-Signature": sign(secret=secret, body=body, at=at),
    }
    try:
        return of_answer(reach.call("POST", url, headers=headers, body=body, seconds=SECONDS))
    except reach.Unreached as error:
        return of_unreached(error)
