"""Making key pairs, and the fingerprints by which people compare keys."""

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A fresh key pair; printing it gives nothing away."""

    private: str = field(repr=False)  # a file as ssh reads it
    public: str
    fingerprint: str


def new_pair(*, comment: str) -> Pair:
    """An ed25519 pair. `comment` ends the public line, so that servers show whose key it is."""
    made = Ed25519PrivateKey.generate()
    private = made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    blob = base64.b64decode(public.split(" ")[1])
    return Pair(private=private.decode(), public=f"{public} {comment}", fingerprint=fingerprint_of(blob))


def fingerprint_of(blob: bytes) -> str:
    """SHA256:… of a public key's bytes, as ssh writes it."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"
