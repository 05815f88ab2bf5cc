"""When Slipway's own registry collects the bytes that no manifest names any more.

Its keeper (`launch.keep_registry`) stops it meanwhile, so that nothing can be pushed into what is collected. That no
push fails for it either, jobs that use the registry are not given out for that long, and it waits for those under way.
The two speak by files in the registry's folder, which both have: no third one is needed for a registry to be kept.
"""

import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from webapp.jobs.models import Job
from webapp.jobs.transitions import LIVE
from webapp.registries.models import Erasure
from webapp.registries.own.place import address
from webapp.registries.own.tokens import folder

EVERY = timedelta(hours=1)  # at most
SETTLE_SECONDS = 15.0  # a claim that was being answered when jobs began to be held has a live job by then
PATIENCE_SECONDS = 300.0  # for jobs under way; then it is tried again later
HELD_SECONDS = 900.0  # longer than a collection may take
ALIVE_SECONDS = 10.0  # since the keeper was heard last
WANTED, GO, DONE, HERE = "collect.wanted", "collect.go", "collected.json", "keeper"

logger = logging.getLogger(__name__)


def holds_back(job_id: str) -> bool:
    """Does this job wait until the registry has collected? Those that use it do, and never for long."""
    age = _age(folder() / WANTED) if address() else None
    if age is None or age > HELD_SECONDS:
        return False
    return any(_uses(order) for order in Job.objects.filter(id=job_id).values_list("order", flat=True))


def run(*, now: datetime) -> int:
    """One step on the way of a collection; 1 when one has ended well."""
    if not address() or (_age(folder() / HERE) or ALIVE_SECONDS) >= ALIVE_SECONDS:
        return _let_go(0)  # nobody would hear
    held = _age(folder() / WANTED)
    if held is None:
        if _is_due(now):
            (folder() / WANTED).touch()
        return 0
    if (folder() / GO).exists():
        return _let_go(0) if held > HELD_SECONDS else 0
    ended = _ended()
    if ended is not None and time.time() - ended.get("began", 0.0) < held:
        logger.info("own registry collected good=%s freed=%s", ended.get("good"), ended.get("freed"))
        return _let_go(int(bool(ended.get("good"))))
    if held < SETTLE_SECONDS:
        return 0
    if any(_uses(order) for order in Job.objects.filter(state__in=LIVE).values_list("order", flat=True)):
        return _let_go(0) if held > PATIENCE_SECONDS else 0
    (folder() / GO).touch()
    return 0


def _is_due(now: datetime) -> bool:
    """Something was erased since the last time, and that is a while ago."""
    ended = _ended()
    began = float(ended["began"]) if ended is not None else 0.0
    if now.timestamp() - began < EVERY.total_seconds():
        return False
    since = datetime.fromtimestamp(began, now.tzinfo)
    return Erasure.objects.filter(state="erased", finished_at__gt=since).exists()


def _uses(order: Mapping[str, Any]) -> bool:
    """Is the registry named anywhere in it? A word too many makes a job wait for some seconds."""
    return f'"{address()}' in json.dumps(order)


def _let_go(result: int) -> int:
    """Nobody waits any more."""
    for name in (WANTED, GO):
        (folder() / name).unlink(missing_ok=True)
    return result


def _ended() -> dict[str, Any] | None:
    """What came of the last collection: `good`, `freed` (bytes), `began` and `ended` (UNIX seconds)."""
    try:
        told = json.loads((folder() / DONE).read_text())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("began"), int | float) else None


def _age(path: Path) -> float | None:
    """Seconds since it was written; None where it is not."""
    try:
        return max(time.time() - path.stat().st_mtime, 0.0)
    except FileNotFoundError:
        return None
