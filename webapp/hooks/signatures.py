"""Does the sender know the hook's secret? Asked of the raw body, in constant time, before a word of it is read."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from webapp.problems import Conflicting, Refusal

FRESH_SECONDS = 300
MAX_HEADER = 300
SIGNATURES: Mapping[str, str] = {
    "github": "x-hub-signature-256",
    "gitlab": "x-gitlab-token",
    "gitea": "x-gitea-signature",
    "generic": "x-slipway-signature",
}
_STAMPED = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class Unproven(Refusal):
    """401: the signature is missing or wrong."""

    status = 401
    title = "Unauthorized"


def prove(*, kind: str, secret: str, headers: Mapping[str, str], body: bytes, at: datetime) -> str:
    """The digest of the signature, '' for a kind that signs nothing. Header names in lower case.

    Raises `Unproven`, and `Conflicting` for a right signature whose time is not within five minutes of `at`.
    """
    given = headers.get(SIGNATURES[kind], "")[:MAX_HEADER]
    stamp, expected = _expected(kind, secret, given, body)
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise Unproven(
            code="hook.signature", detail=f"The header {SIGNATURES[kind]} is missing or not made with this secret."
        )
    if stamp is not None and abs(at.timestamp() - stamp) > FRESH_SECONDS:
        raise Conflicting(code="hook.stale", detail="This was signed more than five minutes ago, or ahead of time.")
    return "" if kind == "gitlab" else hashlib.sha256(given.encode()).hexdigest()


def sign(*, secret: str, body: bytes, at: datetime) -> str:
    """The header X-Slipway-Signature of a generic sender."""
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={_digest(secret, stamp.encode() + b'.' + body)}"


def _expected(kind: str, secret: str, given: str, body: bytes) -> tuple[int | None, str]:
    """What the header must say, and the time that it names."""
    match kind:
        case "gitlab":
            return None, secret
        case "github":
            return None, f"sha256={_digest(secret, body)}"
        case "gitea":
            return None, _digest(secret, body)
    told = _STAMPED.fullmatch(given)
    stamp = told[1] if told else "0"
    return int(stamp), f"t={stamp},v1={_digest(secret, stamp.encode() + b'.' + body)}"


def _digest(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
