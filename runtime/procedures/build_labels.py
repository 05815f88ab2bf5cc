"""What a built image says of itself, in the words that every tool reads (org.opencontainers.image).

Where it comes from, its commit and when it was made are Slipway's to say: they are facts. Title and version are the
Dockerfile's where it says them; what a base image says of itself is not true of what is built upon it.

Labels are given to the builder beside the Dockerfile, so they stand in the image's config alone: no step depends on
them, and every step is taken from the cache as before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from runtime.contract.dockerfile import instructions
from runtime.contract.names import OCI_CREATED, OCI_REVISION, OCI_TITLE, OCI_VERSION

THEIRS = (OCI_TITLE, OCI_VERSION)

_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_LABEL = re.compile(r"\s*LABEL\s+(.*)", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"""(?:^|\s)["']?(org\.opencontainers\.image\.[a-z.]+)["']?(?=[=\s])""")


@dataclass(slots=True)
class _Stage:
    base: str
    name: str
    labels: set[str] = field(default_factory=set)


def labels_of(
    given: Mapping[str, str], *, dockerfile: str, target: str | None, commit: str | None, now: datetime
) -> dict[str, str]:
    """`given` by the order, with what only the host knows, without what the Dockerfile says itself and may."""
    own = written_labels(dockerfile, target=target)
    kept = {name: value for name, value in given.items() if not (name in THEIRS and name in own)}
    kept[OCI_CREATED] = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return kept | ({OCI_REVISION: commit} if commit else {})


def written_labels(dockerfile: str, *, target: str | None) -> set[str]:
    """Names under org.opencontainers.image that the stage which is built sets, and the stages that it builds upon."""
    stages = _stages(dockerfile)
    found: set[str] = set()
    at = _chosen(stages, target)
    while at is not None:
        found |= stages[at].labels
        at = _named(stages[:at], stages[at].base)
    return found


def _stages(dockerfile: str) -> list[_Stage]:
    stages: list[_Stage] = []
    for instruction in instructions(dockerfile):
        if begins := _FROM.match(instruction):
            stages.append(_Stage(base=begins[1].lower(), name=(begins[2] or "").lower()))
        elif stages and (label := _LABEL.match(instruction)):
            stages[-1].labels |= {found[1] for found in _NAME.finditer(label[1])}
    return stages


def _chosen(stages: list[_Stage], target: str | None) -> int | None:
    if target is not None and target.isascii() and target.isdigit() and int(target) < len(stages):
        return int(target)
    named = _named(stages, target.lower()) if target is not None else None
    return named if named is not None else len(stages) - 1 if stages else None


def _named(stages: list[_Stage], name: str) -> int | None:
    return next((at for at in reversed(range(len(stages))) if stages[at].name == name), None)
