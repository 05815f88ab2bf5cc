"""Keeps the builder's cache below a bound: what was not used for longest goes first, one record after the other.

Never anything that a build may want this hour, and never by a prune of all: each record by its own ID. The engine keeps
what a build works with or another record stands on, and is asked again in the next turn.
"""

import logging
from collections.abc import Iterable

from runtime.engine.base import Engine
from runtime.engine.values import CacheRecord

MIN_AGE_NS = 3600 * 1_000_000_000  # nothing goes that was used since
DROPS_A_TURN = 200
PASSES = 3  # what stands on a record goes before it

logger = logging.getLogger(__name__)


def droppable(records: Iterable[CacheRecord], *, now_ns: int) -> list[CacheRecord]:
    """Those that may go, in the order in which they do: the one whose last use is longest ago first. Pure."""
    old = (record for record in records if record.last_used_ns < now_ns - MIN_AGE_NS)
    free = [record for record in old if not record.shared and not record.in_use]
    return sorted(free, key=lambda record: (record.last_used_ns, record.record_id))


def trim(engine: Engine, *, keep: int, now_ns: int) -> int:
    """Bring the cache to at most `keep` bytes, as far as it may; how many bytes went. Raises EngineError."""
    freed, drops = 0, 0
    for _ in range(PASSES):
        records = engine.build_cache()
        over, gone = sum(record.size for record in records if not record.shared) - keep, 0
        for record in droppable(records, now_ns=now_ns):
            if over <= 0 or drops >= DROPS_A_TURN:
                break
            drops += 1
            if engine.drop_cache(record.record_id):
                gone, over, freed = gone + 1, over - record.size, freed + record.size
        if not gone:
            break
    if freed:
        logger.info("the build cache is %d bytes smaller; it may have %d", freed, keep)
    return freed
