"""What the registry's process is started with: its key and certificate, made once, and its configuration."""

import datetime
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings

from webapp.registries.own.place import address
from webapp.registries.own.tokens import CERTIFICATE_FILE, ISSUER, KEY_FILE, SERVICE, folder

CONFIG_FILE = "config.yml"
KEY_BITS = 2048
LIFE = datetime.timedelta(days=3650)
RENEWED_BEFORE = datetime.timedelta(days=90)


def write_all() -> Path:
    """Everything that the process reads; the path of its configuration. Done again it keeps the key."""
    home = folder()
    (home / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    if not _is_good(home / CERTIFICATE_FILE) or not (home / KEY_FILE).is_file():
        _make_key(home)
    path = home / CONFIG_FILE
    _write(path, json.dumps(_configuration(home), indent=1).encode())  # what is JSON is YAML too
    return path


def _configuration(home: Path) -> dict[str, Any]:
    http: dict[str, Any] = {"addr": address(), "secret": secrets.token_hex(16)}
    if settings.OWN_REGISTRY_CERTIFICATE:
        http["tls"] = {"certificate": settings.OWN_REGISTRY_CERTIFICATE, "key": settings.OWN_REGISTRY_KEY}
    return {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(home / "data")}, "delete": {"enabled": True}},
        "http": http,
        "auth": {
            "token": {
                "realm": f"{settings.PUBLIC_URL}/registry/token/",
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(home / CERTIFICATE_FILE),
            }
        },
    }


def _is_good(path: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + RENEWED_BEFORE


def _make_key(home: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Slipway registry tokens")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(home / CERTIFICATE_FILE, certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(home / KEY_FILE, private)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, for the owner alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
    draft.replace(path)
