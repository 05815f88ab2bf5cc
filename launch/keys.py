"""Slipway's own keys: files that only the owner reads, made once and never replaced."""

import base64
import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from launch.places import Places

KEY_BYTES = 32


def ensure_keys(places: Places) -> None:
    """Django's signing key, and the key that encrypts secrets at rest (one Fernet key a line, the newest first)."""
    _ensure(places.home / "secret_key", lambda: secrets.token_urlsafe(50))
    _ensure(places.home / "encryption_keys", _fernet_key)


def _ensure(path: Path, make: Callable[[], str]) -> None:
    """Whole or not at all: a half-written key would lock every secret away."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(make() + "\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()
