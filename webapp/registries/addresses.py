"""A registry's address and prefix, checked where they come in."""

from dataclasses import dataclass

from runtime.contract.references import BadReference, Reference
from webapp.findings import Findings
from webapp.reach import is_allowed

MAX_PREFIX = 200
LIKELY = "nothing"  # stands for an image's name while the rest is checked


@dataclass(frozen=True, slots=True)
class Address:
    """`host` with its port, `prefix` without slashes at its ends."""

    host: str
    plain: bool
    prefix: str


def clean_address(findings: Findings, *, url: object, prefix: object = "") -> Address:
    """`url` is `https://host[:port]` or just the host; `http://` where an administrator allows that host."""
    text = findings.text(url, "url", limit=255).strip().lower().rstrip("/")
    scheme, given, rest = text.partition("://")
    host = rest if given else text
    plain = bool(given) and scheme == "http"
    if given and scheme not in ("http", "https"):
        findings.add("url", "A registry is reached by https://.")
    before = findings.text(prefix, "prefix", limit=MAX_PREFIX, empty=True).strip("/")
    _check_host(findings, host)
    _check_prefix(findings, before)
    return Address(host=host, plain=plain, prefix=before)


def _check_host(findings: Findings, host: str) -> None:
    if "url" in findings.errors:
        return
    try:
        found = Reference.parse(f"{host}/{LIKELY}:x")
    except BadReference as error:
        findings.add("url", f"{error} Give the host alone, such as registry.example.org:5000.")
        return
    if found.registry != host and host != "docker.io":
        findings.add("url", "Give the host alone, such as registry.example.org:5000.")
    elif not is_allowed(host.rpartition(":")[0] if ":" in host else host):
        findings.add("url", "This host is private or local; an administrator may allow it (SLIPWAY_PRIVATE_TARGETS).")


def _check_prefix(findings: Findings, prefix: str) -> None:
    try:
        Reference.parse(f"registry.example.org/{prefix + '/' if prefix else ''}{LIKELY}:x")
    except BadReference as error:
        findings.add("prefix", str(error))
