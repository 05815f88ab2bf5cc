"""From where a request comes, as far as that can be believed."""

import ipaddress
from collections.abc import Mapping

from django.conf import settings


def address_of(meta: Mapping[str, str]) -> str:
    """The client's address; behind n proxies of ours the n-th from the end of X-Forwarded-For. The rest is hearsay."""
    direct = meta.get("REMOTE_ADDR", "")
    hops = settings.TRUSTED_PROXIES
    if hops < 1:
        return _plain(direct)
    told = [part.strip() for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return _plain(told[-hops]) if len(told) >= hops else _plain(direct)


def _plain(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
