"""Retention: which builds go, and why each other one stays. Pure; nothing here deletes.

What a live or a rollback-able release names never goes, whatever the rule says: `needed` is asked first, and by the
identity of the bytes (the image ID), so that a build whose bytes another build's release runs stays too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MIN_KEEP = 1
MAX_KEEP = 1000
MIN_AGE = timedelta(hours=1)  # nothing younger goes: somebody may be about to deploy it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Keep the last `keep` succeeded builds; with `days`, also all that are younger; with `keep_tagged`, those of
    a Git tag.
    """

    keep: int
    days: int | None = None
    keep_tagged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One ended build of one image. `bytes_id` is the image ID, empty where none came. `layers`: name to bytes."""

    id: str
    number: int
    bytes_id: str
    tagged: bool
    finished_at: datetime
    layers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`gone` in the order of their numbers, `stay` newest first, `kept`: why each of these does."""

    gone: tuple[Candidate, ...]
    stay: tuple[Candidate, ...]
    kept: Mapping[str, str]


def plan(builds: Iterable[Candidate], *, rule: Rule, needed: Mapping[str, str], now: datetime) -> Plan:
    """What goes by `rule`. `needed`: image IDs that must stay, and what for. Order of input is nothing."""
    newest = sorted(builds, key=lambda build: build.number, reverse=True)
    made = [build.id for build in newest if build.bytes_id]
    last = frozenset(made[: max(rule.keep, MIN_KEEP)])
    reasons = {build.id: _why_kept(build, rule=rule, last=last, needed=needed, now=now) for build in newest}
    gone = [build for build in reversed(newest) if reasons[build.id] is None]
    return Plan(
        gone=tuple(gone),
        stay=tuple(build for build in newest if reasons[build.id] is not None),
        kept={build: reason for build, reason in reasons.items() if reason is not None},
    )


def frees(found: Plan, *, held: Mapping[str, Collection[str]]) -> int:
    """At most so many bytes, on all hosts together. `held`: image ID to the hosts that hold it.

    Counted per host by layers: what goes without those that anything of the plan keeps there. What other images share
    with it, of this engine's or of the builder's cache, makes the true number smaller.
    """
    going, staying = _by_host(found.gone, held), _by_host(found.stay, held)
    return sum(
        size for host, layers in going.items() for name, size in layers.items() if name not in staying.get(host, {})
    )


def _by_host(builds: Iterable[Candidate], held: Mapping[str, Collection[str]]) -> dict[str, dict[str, int]]:
    layers: dict[str, dict[str, int]] = {}
    for build in builds:
        for host in held.get(build.bytes_id, ()):
            layers.setdefault(host, {}).update(build.layers)
    return layers


def _why_kept(
    build: Candidate, *, rule: Rule, last: frozenset[str], needed: Mapping[str, str], now: datetime
) -> str | None:
    if build.bytes_id and build.bytes_id in needed:
        return needed[build.bytes_id]
    if build.id in last:
        return f"one of the last {max(rule.keep, MIN_KEEP)}"
    if rule.keep_tagged and build.tagged and build.bytes_id:
        return "built from a Git tag"
    age = now - build.finished_at
    if age < MIN_AGE:
        return "less than an hour old"
    if rule.days is not None and age < timedelta(days=rule.days):
        return f"less than {rule.days} days old"
    return None
