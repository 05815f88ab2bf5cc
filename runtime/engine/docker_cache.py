"""The build cache of a Docker Engine, record by record.

The engine has no call to remove one record but its prune, told to look at that one alone; it refuses what a build or
another record needs.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from runtime.engine.errors import BadRequest
from runtime.engine.values import CacheRecord

NANOSECONDS = 1_000_000_000
_RECORD = re.compile(r"[a-z0-9]{10,64}")
_WHOLE_SECONDS = len("2026-01-01T00:00:00")


def read_record(told: Mapping[str, Any]) -> CacheRecord:
    """A record as the engine tells it; one that was never used since it was made counts from then."""
    return CacheRecord(
        record_id=str(told["ID"]),
        size=int(told.get("Size") or 0),
        last_used_ns=_moment(told.get("LastUsedAt") or told.get("CreatedAt")),
        in_use=bool(told.get("InUse")),
        shared=bool(told.get("Shared")),
    )


def exact_record(record_id: str) -> str:
    """BadRequest for anything that is no record's own ID: an empty filter would be all of them."""
    if not _RECORD.fullmatch(record_id):
        raise BadRequest(f"{record_id} is not the ID of a record of the build cache.")
    return record_id


def _moment(text: object) -> int:
    """Of an RFC 3339 time in UTC, to the second; what is none counts as never."""
    try:
        moment = datetime.strptime(str(text)[:_WHOLE_SECONDS], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return 0
    return int(moment.timestamp()) * NANOSECONDS
