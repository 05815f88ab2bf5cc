"""Retention: which builds go, and why each other one stays. Pure; nothing here deletes.

What a live or a rollback-able release names never goes, whatever the rule says: `needed` is asked first, and by the
identity of the bytes (the image ID), so that a build whose bytes another build's release runs stays too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
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
    """One ended build of one image. `bytes_id` is the image ID, empty where none came of it. `size` in bytes."""

    id: str
    number: int
    bytes_id: str
    tagged: bool
    finished_at: datetime
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`gone` in the order of their numbers, `kept` with the reason. `frees`: bytes of images that nothing names then,
    each image once; layers that they share with kept ones make the true number smaller.
    """

    gone: tuple[Candidate, ...]
    kept: Mapping[str, str]
    frees: int


def plan(builds: Iterable[Candidate], *, rule: Rule, needed: Collection[str], now: datetime) -> Plan:
    """What goes by `rule`. `needed`: image IDs that releases or running containers name. Order of input is nothing."""
    newest = sorted(builds, key=lambda build: build.number, reverse=True)
    made = [build.id for build in newest if build.bytes_id]
    last = frozenset(made[: max(rule.keep, MIN_KEEP)])
    reasons = {build.id: _why_kept(build, rule=rule, last=last, needed=needed, now=now) for build in newest}
    gone = [build for build in reversed(newest) if reasons[build.id] is None]
    left = {build.bytes_id for build in newest if reasons[build.id] is not None}
    sizes = {build.bytes_id: build.size for build in gone if build.bytes_id and build.bytes_id not in left}
    return Plan(
        gone=tuple(gone),
        kept={build: reason for build, reason in reasons.items() if reason is not None},
        frees=sum(sizes.values()),
    )


def _why_kept(
    build: Candidate, *, rule: Rule, last: frozenset[str], needed: Collection[str], now: datetime
) -> str | None:
    if build.bytes_id and build.bytes_id in needed:
        return "a release names it"
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
