"""What a host says of one replica, made a row: lawful changes only, by compare-and-set, and only when it differs."""

import re
from datetime import UTC, datetime
from typing import Any

from runtime.contract import states
from runtime.contract.isolation import MAX_TMPFS
from runtime.contract.link import Effective
from runtime.contract.message import whole
from runtime.contract.reports import BoundPort
from webapp.deployments.models import Replica
from webapp.deployments.telling import show_replica

CONTAINER_ID = re.compile(r"[0-9a-f]{12,64}")
MAX_PORTS = 100
MAX_MESSAGE = 1000
MAX_WORD = 200
MAX_CAPABILITIES = 64
MAX_RESTARTS = 2**31 - 1
LATEST_NS = 4_102_444_800 * 10**9  # the year 2100


def see(replica: Replica, *, state: str, now: datetime, **facts: Any) -> bool:
    """Bring the row to what was seen; True when it changed. An unlawful state is not believed, nor its facts."""
    if state not in states.REPLICA:
        return False
    if state != replica.state and not states.may_become(states.REPLICA, replica.state, state):
        return False
    changed = {name: value for name, value in facts.items() if getattr(replica, name) != value}
    if state != replica.state:
        changed["state"] = state
    if not changed:
        return False
    changed["observed_at"] = now
    if not Replica.objects.filter(id=replica.id, state=replica.state).update(**changed):
        return False
    for name, value in changed.items():
        setattr(replica, name, value)
    show_replica(replica)
    return True


def ports_of(ports: list[BoundPort]) -> list[dict[str, Any]]:
    """As the model keeps them."""
    return [
        {
            "container": port.container,
            "host": port.host,
            "address": port.address[:100].replace("\0", ""),
            "protocol": "udp" if port.protocol == "udp" else "tcp",
        }
        for port in ports[:MAX_PORTS]
        if 0 < port.container < 65536 and 0 < port.host < 65536
    ]


def effective_of(said: Effective) -> dict[str, Any]:
    """As the model keeps it, cut to what is shown: a host's words may be of any length."""
    kept = whole(said)
    for name in ("seccomp", "user", "runtime"):
        kept[name] = _cut(kept[name])
    kept["capabilities"] = [_cut(name) for name in kept["capabilities"][:MAX_CAPABILITIES]]
    kept["tmpfs"] = {_cut(path): _cut(how) for path, how in list(kept["tmpfs"].items())[:MAX_TMPFS]}
    return kept


def moment(ns: int | None) -> datetime | None:
    """A host's time, kept within what a date can be."""
    return None if ns is None else datetime.fromtimestamp(min(max(ns, 0), LATEST_NS) / 1e9, UTC)


def _cut(text: str) -> str:
    return text[:MAX_WORD].replace("\0", "")
