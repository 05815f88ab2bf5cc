"""What a host says of itself, noted."""

import time
from datetime import datetime

from django.utils.timezone import now

from runtime.contract.link import DiskHeld, EngineFacts
from runtime.contract.message import whole
from webapp.hosts.models import Host

MAX_CONCURRENCY = 1000
MAX_SKEW_MS = 2**31 - 1


def heard(
    *,
    host: Host,
    facts: EngineFacts | None,
    engine_answers: bool,
    clock_ns: int,
    version: str,
    connected: bool,
    link: str | None = None,
    concurrency: int | None = None,
    address: str | None = None,
) -> None:
    """Note what a host said of itself just now; what is None stays as it is known."""
    skew = max(-MAX_SKEW_MS, min(MAX_SKEW_MS, (clock_ns - time.time_ns()) // 1_000_000))
    changes: dict[str, object] = {
        "engine_answers": engine_answers,
        "clock_skew_ms": skew,
        "version": version[:40],
        "connected": connected,
        "last_heard_at": now(),
    }
    if facts is not None:
        changes["facts"] = whole(facts)
    if link is not None:
        changes["link"] = link
    if concurrency is not None:
        changes["concurrency"] = max(0, min(concurrency, MAX_CONCURRENCY))
    if address is not None:
        changes["address"] = address
    Host.objects.filter(id=host.id).exclude(credential_digest="").update(**changes)


def told_disk(*, host: Host, said: DiskHeld, now: datetime) -> None:
    """Note how many bytes its engine holds, as it counted them just now."""
    Host.objects.filter(id=host.id).update(disk_use={**whole(said), "told_at": now.isoformat()})


def disconnected(*, host: Host, link: str) -> None:
    """Note that this link of the host has ended; when another has said hello since, the host is still connected."""
    Host.objects.filter(id=host.id, link=link).update(connected=False)
