"""The one validator of channels: which addresses may be told anything, and by which words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from runtime.contract.addresses import may_be_public
from webapp.findings import Findings
from webapp.notices.events import EVENTS, OF_BUILDS, USUAL
from webapp.notices.models import Channel
from webapp.notices.ways import chats
from webapp.notices.ways.statuses import FORGES
from webapp.reach import is_allowed

KINDS = ("webhook", "apprise", "commit_status")
MAX_URL = 2000
MAX_BASE = 300  # it is shown
MAX_PATTERN = 100
PRIVATE = "This host is private or local; an administrator may allow it (SLIPWAY_PRIVATE_TARGETS)."

# What of Apprise speaks HTTPS to hosts that its plugin knows, …
SERVICES = frozenset({"dingtalk", "discord", "feishu", "gchat", "lark", "mailgun", "opsgenie", "pagerduty", "pbul"})
SERVICES |= {"pover", "sendgrid", "slack", "tgram", "webex", "wecombot", "workflow", "workflows", "wxteams", "zulip"}
# … and what speaks TLS to a host in the URL. The same without TLS is for private hosts that are allowed.
SELF_HOSTED = frozenset(
    {"forms", "gotifys", "jsons", "mailtos", "matrixs", "mmosts", "ntfys", "rockets", "signals", "xmls"}
)
BARE = frozenset(scheme.removesuffix("s") for scheme in SELF_HOSTED)
# Parameters of those URLs. Others may name files (template, pgpkey), or switch checks off (verify, redirect).
PARAMETERS = frozenset({"avatar", "batch", "bcc", "cc", "channel", "footer", "format", "from", "image", "method"})
PARAMETERS |= {"mode", "name", "overflow", "pass", "priority", "region", "reply", "silent", "smtp", "tags", "thread"}
PARAMETERS |= {"to", "topic", "user"}
# Names are judged as they stand, since Apprise unquotes and strips them: %20template would be template.
PARAMETER = re.compile(r"[A-Za-z]+")
EXTRA = re.compile(r"[+:-][A-Za-z0-9_.-]{1,60}")  # headers and fields of what is sent


def clean_webhook(findings: Findings, url: object) -> str:
    """https, or http where an administrator allows that private host."""
    text, parts = _split(findings, url)
    if parts is None:
        return text
    if parts.scheme not in ("https", "http"):
        findings.add("url", "A webhook is reached by https://.")
    elif parts.username is not None or "#" in text:
        findings.add("url", "Neither a user nor a fragment: the signature says who sends.")
    elif _host_is_good(findings, parts.hostname) and parts.scheme == "http" and may_be_public(parts.hostname or ""):
        findings.add("url", "Public hosts are reached by https:// only.")
    return text


def clean_base(findings: Findings, url: object) -> str:
    """Where an API begins, such as https://git.example.org/api/v1."""
    text = clean_webhook(findings, url)
    if "?" in text:
        findings.add("url", "The address at which the API begins, without a question mark.")
    if len(text) > MAX_BASE:
        findings.add("url", "This is too long for where an API begins.")
    return text.rstrip("/")


def clean_apprise(findings: Findings, url: object) -> str:
    """A URL of Apprise that speaks HTTPS or mail to where it may. Asked of Apprise itself last."""
    text, parts = _split(findings, url)
    if parts is None:
        return text
    scheme, host = parts.scheme, parts.hostname or ""
    if scheme not in SERVICES | SELF_HOSTED | BARE:
        known = " ".join(sorted(SERVICES | SELF_HOSTED))
        findings.add("url", f"This kind of URL is not allowed here. There are {known}.")
        return text
    given = [pair.partition("=")[::2] for pair in re.split("[&;]", text.partition("?")[2]) if pair]
    if not all(_is_known(name) for name, _ in given):
        findings.add("url", f"Of parameters are allowed here: {' '.join(sorted(PARAMETERS))}.")
    hosts = [value for name, value in given if name.lower() == "smtp"]
    if scheme not in SERVICES or "." in host:
        hosts.append(host)
    for named in hosts:
        good = _host_is_good(findings, named.partition(":")[0] if named.count(":") == 1 else named)
        if good and scheme in BARE and may_be_public(named):
            findings.add("url", f"Public hosts are reached with TLS only: {scheme}s://.")
    if not findings.errors and not chats.is_understood(text):
        findings.add("url", "Apprise does not understand this URL. Its wiki says how each kind is written.")
    return text


def clean_events(findings: Findings, events: object, *, kind: str) -> list[str]:
    """Known ones, each once, in our order. None given: what is usual."""
    possible = OF_BUILDS if kind == "commit_status" else EVENTS
    if events is None:
        return list(OF_BUILDS if kind == "commit_status" else USUAL)
    if not isinstance(events, Sequence) or isinstance(events, str) or not events:
        findings.add("events", "At least one event.")
        return []
    if not all(event in possible for event in events):
        findings.add("events", f"There are {', '.join(possible)}.")
    return [event for event in possible if event in events]


def clean_forge(findings: Findings, forge: object) -> str:
    """Where commits live."""
    return findings.choice(forge, "forge", FORGES)


def masked(url: str, *, kind: str) -> str:
    """What of the address may be shown: tokens stand in paths, users and hosts of such URLs."""
    parts = urlsplit(url)
    if kind == "commit_status":
        return url
    if kind == "apprise" and parts.scheme in SERVICES:
        return f"{parts.scheme}://…"
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}/…"


def facts_of(channel: Channel) -> Mapping[str, Any]:
    """What the trail is told of a channel: nothing that is secret."""
    kept = ("name", "kind", "target", "forge", "credential", "events", "images", "environments", "enabled")
    return {name: getattr(channel, name) for name in kept}


def _split(findings: Findings, url: object) -> tuple[str, SplitResult | None]:
    text = findings.text(url, "url", limit=MAX_URL)
    if not text:
        return text, None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = None, None
    plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    if parts is None or not plain or not parts.scheme or not parts.netloc or port == 0:
        findings.add("url", "This is not a URL.")
        return text, None
    return text, parts


def _host_is_good(findings: Findings, host: str | None) -> bool:
    if host and is_allowed(host):
        return True
    findings.add("url", PRIVATE)
    return False


def _is_known(name: str) -> bool:
    return bool(EXTRA.fullmatch(name)) or bool(PARAMETER.fullmatch(name) and name.lower() in PARAMETERS)
