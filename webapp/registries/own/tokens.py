"""The tokens by which the own registry knows who may do what, as the distribution project specifies them.

JSON Web Tokens, signed by a key that lies in SLIPWAY_HOME beside the certificate which the registry trusts.
"""

import base64
import json
import secrets
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import load_pem_x509_certificate
from django.conf import settings

from webapp.problems import Unavailable
from webapp.registries.own.access import Access

ISSUER = SERVICE = "slipway"
LIFE_SECONDS = 300
SKEW_SECONDS = 30
KEY_FILE, CERTIFICATE_FILE = "token_key.pem", "token_certificate.pem"


def folder() -> Path:
    """Where the registry's files are."""
    return Path(settings.SLIPWAY_HOME) / "registry"


def sign(subject: str, access: Iterable[Access | dict[str, Any]]) -> str:
    """A token for `subject` that grants just this, for a few minutes. Raises `Unavailable` without a key."""
    path = folder() / KEY_FILE
    try:
        key, chain = _key(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise Unavailable(
            code="registry.no_key", detail="Slipway's own registry has no key: bin/up makes it."
        ) from error
    now = int(time.time())
    head = {"typ": "JWT", "alg": "RS256", "x5c": [chain]}
    body = {
        "iss": ISSUER,
        "sub": subject,
        "aud": SERVICE,
        "iat": now,
        "nbf": now - SKEW_SECONDS,
        "exp": now + LIFE_SECONDS,
        "jti": secrets.token_hex(16),
        "access": [one.claim() if isinstance(one, Access) else one for one in access],
    }
    text = f"{_part(head)}.{_part(body)}"
    return f"{text}.{_url(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@lru_cache(maxsize=2)
def _key(path: Path, changed: int) -> tuple[RSAPrivateKey, str]:
    """The key and its certificate as a token carries it; read anew when the file changed."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("no RSA key")
    certificate = load_pem_x509_certificate((path.parent / CERTIFICATE_FILE).read_bytes())
    return key, base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def _part(value: dict[str, Any]) -> str:
    return _url(json.dumps(value, separators=(",", ":")).encode())


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
