"""A real Redis, and doorbells that are written down."""

import pytest

from tests.redis_rig import redis_server, redis_url
from webapp.jobs import dispatch

__all__ = ["redis_server", "redis_url"]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of jobs whose doorbell rang."""
    ids: list[str] = []
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: ids.append(job_id))
    return ids
