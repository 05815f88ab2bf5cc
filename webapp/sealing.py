"""Encryption of what must not lie in the database in clear. The keys are outside it (settings.ENCRYPTION_KEYS)."""

import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

KEY_FILE = "encryption_keys"


def seal(text: str) -> bytes:
    """Encrypt with the newest key."""
    return _fernet(settings.ENCRYPTION_KEYS).encrypt(text.encode())


def unseal(sealed: bytes) -> str:
    """Decrypt with whichever key fits. Raises `InvalidToken` when none does."""
    try:
        return _fernet(settings.ENCRYPTION_KEYS).decrypt(sealed).decode()
    except InvalidToken:
        # The keys may have been rotated since this process started.
        return _fernet([*keys_in_file(), *settings.ENCRYPTION_KEYS]).decrypt(sealed).decode()


def reseal(sealed: bytes) -> bytes:
    """The same text under the newest key."""
    return _fernet(settings.ENCRYPTION_KEYS).rotate(sealed)


def digest(secret: str) -> str:
    """What is kept of a secret that is only compared: long and random, so one hash is enough. Hex, 64 characters."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def keys_in_file() -> list[str]:
    """What the key file holds now, the newest first; empty when the keys come from elsewhere."""
    path = settings.SLIPWAY_HOME / KEY_FILE
    return path.read_text().split() if path.is_file() else []


def _fernet(keys: list[str]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
