"""Certificates as tests bring them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.cast import Cast
from webapp.certificates.models import Certificate
from webapp.certificates.services import bring_certificate


@dataclass(frozen=True)
class Brought:
    """A chain and its key, as PEM."""

    chain: str
    key: str


def made(
    *hosts: str, starts: timedelta = timedelta(days=-1), ends: timedelta = timedelta(days=60), above: bool = False
) -> Brought:
    """A certificate for these names; `above`: an authority issued it, which stands second in the chain."""
    key, authority = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name, issuer = _name(hosts[0] if hosts else "nobody"), _name("An authority")
    now = datetime.now(UTC)
    build = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts)
        .not_valid_after(now + ends)
    )
    own = build.subject_name(name).issuer_name(issuer if above else name).public_key(key.public_key())
    if hosts:
        own = own.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
    chain = [own.sign(authority if above else key, SHA256())]
    if above:
        root = build.subject_name(issuer).issuer_name(issuer).public_key(authority.public_key())
        chain.append(root.sign(authority, SHA256()))
    return Brought(
        chain="".join(one.public_bytes(Encoding.PEM).decode() for one in chain),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def a_certificate(
    cast: Cast,
    *hosts: str,
    name: str = "shop",
    who: str = "operator",
    starts: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=60),
) -> Certificate:
    """One of the cast's project."""
    given = made(*(hosts or ("shop.example.com",)), starts=starts, ends=ends)
    return bring_certificate(
        actor=cast.actor(who),
        project=cast.project,
        name=name,
        chain=given.chain,
        key=given.key,
        now=datetime.now(UTC),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
