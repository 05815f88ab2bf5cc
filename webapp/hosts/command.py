"""The one line that an operator copies to a new machine."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from runtime.contract.enrollment import PARCEL_PATH
from webapp.hosts.parcel import parcel
from webapp.hosts.services import Code

ARCHIVE = "slipway-worker.tar.gz"


def address_of_ours(request: HttpRequest | Request) -> str:
    """Where hosts reach the control plane: as it was said, else as the one who asks reaches it."""
    if settings.PUBLIC_URL_SAID:
        return str(settings.PUBLIC_URL)
    return request.build_absolute_uri("/").rstrip("/")


def command_for(request: HttpRequest | Request, code: Code) -> str:
    """The line for this code."""
    return command(url=address_of_ours(request), code=code.text, digest=parcel().digest)


def command(*, url: str, code: str, digest: str) -> str:
    """Fetch the worker from the control plane at `url`, compare it with what is known here, and enroll by the code.

    Every word of ours is free of what a shell would read; `url` is the control plane's own.
    """
    enroll = f"slipway-worker/bin/worker enroll {url} {code}"
    fetch = f"curl -fsS -o {ARCHIVE} {url}{PARCEL_PATH}"
    compare = f"echo '{digest}  {ARCHIVE}' | sha256sum -c"
    return " && ".join((fetch, compare, f"tar xzf {ARCHIVE}", enroll + (" --without-tls" if in_the_clear(url) else "")))


def in_the_clear(url: str) -> bool:
    """Would a credential go over a network without TLS?"""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"
