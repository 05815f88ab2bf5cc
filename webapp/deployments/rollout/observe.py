"""What hosts say of containers: snapshots as the truth, changes as hints. Nobody else's container is believed of.

A replica is known by its label; a report counts only when it comes from the replica's own host and names the replica's
own service, environment and log. Everything else is counted and left alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.contract.link import ContainerFacts, Gone, Snapshot
from webapp.deployments.models import Replica
from webapp.deployments.querysets import ReplicaQuerySet
from webapp.deployments.rollout.endings import last_end
from webapp.deployments.rollout.seeing import CONTAINER_ID, MAX_MESSAGE, effective_of, moment, ports_of, see
from webapp.hosts.models import Host

# A snapshot taken just before a job finished may arrive just after it.
FRESH_SECONDS = 2.0
GONE = "The container is gone."
WITH_CONTAINER = ("starting", "healthy", "unhealthy", "stopping", "lost")


@dataclass(frozen=True)
class Seen:
    """How many rows changed, and how many containers were none of ours."""

    changed: int
    ignored: int


def snapshot(*, host: Host, snapshot: Snapshot, now: datetime) -> Seen:
    """Every managed container of the host, as the truth: a replica not in it has no container. Idempotent."""
    if not snapshot.engine:
        return Seen(changed=0, ignored=0)
    rows = {row.id: row for row in _rows(host)}
    count = ignored = 0
    seen: dict[str, ContainerFacts] = {}
    for facts in snapshot.containers:
        row = rows.get(facts.replica)
        if row is None or not _is_of(facts, row):
            ignored += 1
        elif facts.replica not in seen or _is_newer(facts, seen[facts.replica]):
            seen[facts.replica] = facts
    for replica, facts in seen.items():
        count += _take(rows[replica], facts, now)
    for replica, row in rows.items():
        if replica not in seen:
            count += _lose(row, now)
    return Seen(changed=count, ignored=ignored)


def changed(*, host: Host, facts: ContainerFacts, now: datetime) -> bool:
    """A hint: this container now looks so. True when the row changed."""
    row = _rows(host).filter(id=facts.replica).first()
    return row is not None and _is_of(facts, row) and _take(row, facts, now)


def gone(*, host: Host, gone: Gone, now: datetime) -> bool:
    """A hint: this replica's container was removed. One that has another container by now keeps it."""
    row = _rows(host).filter(id=gone.replica).first()
    if row is None or row.container not in ("", gone.container):
        return False
    return see(row, state="stopped", now=now, container="", message=GONE, finished_at=row.finished_at or now, ports=[])


def _rows(host: Host) -> ReplicaQuerySet:
    """Replicas of this host that are wanted, or have a container still."""
    rows = Replica.objects.filter(host=host).exclude(desired="gone", container="", state__in=("stopped", "lost"))
    return rows.select_related("service")


def _is_of(facts: ContainerFacts, row: Replica) -> bool:
    named = (facts.service, facts.environment, facts.log)
    return named == (row.service_id, row.environment_id, row.log_id) and bool(CONTAINER_ID.fullmatch(facts.container))


def _is_newer(facts: ContainerFacts, other: ContainerFacts) -> bool:
    """Of two containers of one replica (one takes the other's place) the living, then the younger counts."""
    return (facts.state != "stopped", facts.started_ns or 0) > (other.state != "stopped", other.started_ns or 0)


def _take(row: Replica, facts: ContainerFacts, now: datetime) -> bool:
    return see(
        row,
        state=facts.state,
        now=now,
        container=facts.container,
        **last_end(row, facts),
        started_at=moment(facts.started_ns),
        finished_at=moment(facts.finished_ns),
        ports=ports_of(facts.ports),
        message=facts.message[:MAX_MESSAGE].replace("\0", ""),
        **({"effective": effective_of(facts.effective)} if facts.effective is not None else {}),
    )


def _lose(row: Replica, now: datetime) -> bool:
    """No container is there. One that was never made is still pending."""
    if not row.container and row.state not in WITH_CONTAINER:
        return False
    if row.observed_at is not None and now - row.observed_at < timedelta(seconds=FRESH_SECONDS):
        return False
    return see(row, state="stopped", now=now, container="", message=GONE, finished_at=row.finished_at or now, ports=[])
