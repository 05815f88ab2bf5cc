"""What somebody brings as a certificate: read, and compared with its key, before it is kept. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from webapp.findings import Findings

MAX_BYTES = 64 * 1024
MAX_CHAIN = 10
MAX_NAMES = 100
SMALLEST_RSA = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A chain whose first certificate is the key's; printing it gives no key away."""

    hosts: tuple[str, ...]
    issuer: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    pem: str = field(repr=False)  # chain, then key


def read_bundle(findings: Findings, *, chain: object, key: object, now: datetime) -> Bundle | None:
    """The bundle; what is wrong is noted at `chain` or `key`. A part of a certificate that is no PEM is not kept."""
    certificates = _chain(findings, findings.text(chain, "chain", limit=MAX_BYTES))
    private = _key(findings, findings.text(key, "key", limit=MAX_BYTES))
    if not certificates or private is None:
        return None
    first = certificates[0]
    hosts = _hosts(findings, first)
    if first.not_valid_after_utc <= now:
        findings.add("chain", f"The certificate ended on {first.not_valid_after_utc:%Y-%m-%d}.")
    if _public(first.public_key()) != _public(private.public_key()):
        findings.add("key", "This key is not the one of the first certificate of the chain.")
    pem = "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Bundle(
        hosts=hosts,
        issuer=first.issuer.rfc4514_string()[:300],
        fingerprint=first.fingerprint(SHA256()).hex(),
        not_before=first.not_valid_before_utc,
        not_after=first.not_valid_after_utc,
        pem=pem + secret,
    )


def _chain(findings: Findings, text: str) -> list[x509.Certificate]:
    if not text:
        return []
    if "PRIVATE KEY" in text:
        findings.add("chain", "There is a key in it: certificates stand here, the key has a box of its own.")
        return []
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        findings.add("chain", "Certificates as PEM, each from BEGIN CERTIFICATE to END CERTIFICATE.")
        return []
    if len(found) > MAX_CHAIN:
        findings.add("chain", f"At most {MAX_CHAIN} certificates.")
    for number, (one, above) in enumerate(pairwise(found), start=1):
        if not _is_issued_by(one, above):
            findings.add("chain", f"Certificate {number + 1} did not issue number {number}: one's own first, then up.")
            break
    return found[:MAX_CHAIN]


def _is_issued_by(one: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _key(findings: Findings, text: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None:
    if not text:
        return None
    try:
        found = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        findings.add("key", "This key has a password: bring it without one; it is encrypted here.")
        return None
    except (ValueError, UnsupportedAlgorithm):
        findings.add("key", "A private key as PEM, from BEGIN PRIVATE KEY to END PRIVATE KEY.")
        return None
    if isinstance(found, rsa.RSAPrivateKey) and found.key_size >= SMALLEST_RSA:
        return found
    if isinstance(found, ec.EllipticCurvePrivateKey):
        return found
    findings.add("key", f"A key of RSA with at least {SMALLEST_RSA} bits, or of an elliptic curve.")
    return None


def _hosts(findings: Findings, first: x509.Certificate) -> tuple[str, ...]:
    try:
        names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = tuple(dict.fromkeys(name.lower() for name in names.get_values_for_type(x509.DNSName)))
    except (x509.ExtensionNotFound, ValueError):
        hosts = ()
    if not hosts:
        findings.add(
            "chain", "The first certificate names no host (subjectAltName): browsers take none from elsewhere."
        )
    if len(hosts) > MAX_NAMES:
        findings.add("chain", f"At most {MAX_NAMES} names.")
    return hosts


def _public(key: Any) -> bytes:
    made: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return made
