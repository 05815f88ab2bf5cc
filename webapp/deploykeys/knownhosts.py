"""Host keys of Git servers, as lines of a known_hosts file: what a build compares a server's key with."""

import base64
import binascii
import re
from dataclasses import dataclass

from webapp.deploykeys.pairs import fingerprint_of
from webapp.findings import Findings

MAX_BYTES = 16 * 1024
MAX_LINES = 40
FIELD = "known_hosts"

_MARKERS = ("@cert-authority", "@revoked")
_HOSTS = re.compile(r"!?[A-Za-z0-9|\[\]:.*?/+=_-]{1,255}(?:,!?[A-Za-z0-9|\[\]:.*?/+=_-]{1,255}){0,19}")
_KINDS = re.compile(
    r"ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHost:
    """One line, as people compare it."""

    hosts: str
    kind: str
    fingerprint: str
    marker: str = ""


def clean_known_hosts(findings: Findings, text: str) -> str:
    """The lines that count, without comments; what is wrong is noted with its line's number."""
    given = findings.text(text.replace("\r\n", "\n"), FIELD, limit=MAX_BYTES, empty=True)
    numbered = [(number, line.strip()) for number, line in enumerate(given.split("\n"), start=1)]
    lines = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    if len(lines) > MAX_LINES:
        findings.add(FIELD, f"At most {MAX_LINES} lines.")
        return ""
    for number, line in lines:
        if _read(line) is None:
            findings.add(FIELD, f"Line {number} is not a host, the kind of its key and the key: HOST ssh-ed25519 AAAA…")
    return "".join(f"{' '.join(line.split())}\n" for _, line in lines)


def described(text: str) -> list[KnownHost]:
    """The lines of a text that was cleaned."""
    return [found for found in map(_read, text.splitlines()) if found is not None]


def _read(line: str) -> KnownHost | None:
    words = line.split()
    marker = words.pop(0) if words and words[0] in _MARKERS else ""
    if len(words) < 3 or not _HOSTS.fullmatch(words[0]) or not _KINDS.fullmatch(words[1]) or not line.isprintable():
        return None
    hosts, kind, key = words[:3]
    try:
        blob = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return None
    if blob[:4] != len(kind).to_bytes(4, "big") or blob[4 : 4 + len(kind)] != kind.encode():
        return None  # the key itself says another kind: it was cut or mixed up
    return KnownHost(hosts=hosts, kind=kind, fingerprint=fingerprint_of(blob), marker=marker.removeprefix("@"))
