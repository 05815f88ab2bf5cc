"""One-time tickets, by which clients without a session open a socket: good for 30 s, once, for one path.

A ticket stands for the credential that asked for it, and the socket lives no longer than that. Only its digest is kept.
"""

import secrets

import msgspec

from webapp.live.credentials import Credential
from webapp.logs.store import call
from webapp.sealing import digest

TICKET_SECONDS = 30
TICKET_BYTES = 32
PROTOCOL_PREFIX = "slipway-ticket."
MAX_LENGTH = 100


class _Kept(msgspec.Struct, frozen=True):
    path: str
    credential: Credential


def issue(*, credential: Credential, path: str) -> str:
    """A ticket for this path, good once for TICKET_SECONDS. Raises `Unavailable`."""
    ticket = secrets.token_urlsafe(TICKET_BYTES)
    call("SET", _key(ticket), msgspec.json.encode(_Kept(path=path, credential=credential)), "EX", TICKET_SECONDS)
    return ticket


def redeem(*, ticket: str, path: str) -> Credential | None:
    """The credential behind a ticket, which is spent by this; None: unknown, spent, late or for another path."""
    if not 0 < len(ticket) <= MAX_LENGTH:
        return None
    found = call("GETDEL", _key(ticket))
    if found is None:
        return None
    kept = msgspec.json.decode(found, type=_Kept)
    return kept.credential if kept.path == path else None


def _key(ticket: str) -> str:
    return f"slipway:ticket:{digest(ticket)}"
