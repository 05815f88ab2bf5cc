"""Opaque ids: 26 characters, the first ten ordered by time, the rest random (80 bits)."""

import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
LENGTH = 26
PATTERN = f"^[{ALPHABET}]{{{LENGTH}}}$"


def is_id(text: str) -> bool:
    """Could this be an id? A name in the place of one could not."""
    return len(text) == LENGTH and set(text) <= set(ALPHABET)


def new_id() -> str:
    """A fresh id. Newer ids sort after older ones (to the millisecond), so tables grow at their end."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
