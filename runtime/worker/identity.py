"""The host's own key: made here, never sent anywhere, and what it signs.

A host from before it had one, or the one beside the control plane, has none and signs nothing.
"""

import hashlib
import os
import secrets
import time
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from runtime.contract.enrollment import Proof, enrollment_words, proof_words

NONCE_BYTES = 18
MAX_KEY_BYTES = 4096


class NoKey(Exception):
    """A sentence that says what is wrong with the key's file."""


class Identity:
    """Safe to use from several threads. Printing it gives nothing away."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.offset = 0.0  # seconds by which the control plane's clock is ahead of ours

    @property
    def public(self) -> str:
        """The public part as the contract has it."""
        return b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign_code(self, code: str) -> str:
        """That the one who brings the code has the key."""
        return b64encode(self._key.sign(enrollment_words(code=code))).decode()

    def prove(self, *, host_id: str, door: str, body: bytes = b"") -> str:
        """The header for one passing of a door."""
        at, nonce = int((time.time() + self.offset) * 1000), secrets.token_urlsafe(NONCE_BYTES)
        words = proof_words(
            host_id=host_id, door=door, time=at, nonce=nonce, body_sha256=hashlib.sha256(body).hexdigest()
        )
        return Proof(at, nonce, self._key.sign(words)).header()

    def private_pem(self) -> bytes:
        """For the file beside the credential, and for nothing else."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_identity() -> Identity:
    """A key that nobody else has."""
    return Identity(Ed25519PrivateKey.generate())


def read_identity(path: Path) -> Identity | None:
    """The key in this file; None when there is no file. Raises `NoKey`, also when others may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(MAX_KEY_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoKey(f"{path} cannot be read: {error.strerror}.") from error
    if mode & 0o077:
        raise NoKey(f"{path} may be read by others: chmod 600 {path}. Whoever read it is this host; enroll it again.")
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise NoKey(f"{path} holds no key. Enroll this host again.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NoKey(f"{path} holds a key of another kind. Enroll this host again.")
    return Identity(key)
