"""The chain itself, pure: what an entry's hash covers, and how before and after are made storable."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
MASK = "•••"
MAX_STATE_BYTES = 16 * 1024
MAX_EXACT_FLOAT = 1e15  # beyond it databases spell a number in another way
MIN_EXACT_FLOAT = 1e-4
SECRET_WORDS = ("password", "passphrase", "secret_value", "value", "ciphertext", "credential", "token", "code")

HASHED = (
    "number",
    "at",
    "actor",
    "actor_id",
    "token_id",
    "team_id",
    "project_id",
    "action",
    "target_type",
    "target_id",
    "target",
    "outcome",
    "reason",
    "count",
    "ip",
    "request_id",
    "before",
    "after",
    "previous",
)


def link(facts: Mapping[str, Any]) -> str:
    """The hash of an entry: over all its fields, the hash of the one before included."""
    return hashlib.sha256(canonical({name: facts[name] for name in HASHED})).hexdigest()


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_spelled
    ).encode("utf-8", "backslashreplace")


def storable(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A state as both databases give it back unchanged: bounded, no secret by its name, no odd number or character."""
    if state is None:
        return None
    kept: dict[str, Any] = {text_of(name): _storable(name, value) for name, value in state.items()}
    size = canonical(kept)
    if len(size) > MAX_STATE_BYTES:
        return {"too_large": len(size), "sha256": hashlib.sha256(size).hexdigest()}
    return kept


def text_of(value: str, limit: int | None = None) -> str:
    """A text that every database takes: no NUL, no lone surrogate."""
    return value.replace("\x00", "�").encode("utf-8", "replace").decode()[:limit]


def _storable(name: str, value: Any) -> Any:
    if str(name).lower() in SECRET_WORDS:
        return MASK
    match value:
        case None | bool() | int():
            return value
        case float():
            return _number(value)
        case Mapping():
            return {text_of(str(key)): _storable(str(key), inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_storable("", inner) for inner in value]
        case _:
            return text_of(_spelled(value))


def _number(value: float) -> Any:
    if value != value or abs(value) >= MAX_EXACT_FLOAT or 0 < abs(value) < MIN_EXACT_FLOAT:
        return repr(value)
    return int(value) if value.is_integer() else value


def _spelled(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)
