"""Jobs on the cast's host; doorbells are written down instead of sent."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from runtime.contract.orders import Order
from tests.cast import Cast
from tests.jobs.given import START, build_order
from tests.redis_rig import redis_server, redis_url
from webapp.jobs import dispatch
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.logs.services import open_log

__all__ = ["redis_server", "redis_url"]


@dataclass
class Gangway:
    """What jobs are made and claimed with; `rung` are the ids of jobs whose doorbell rang."""

    cast: Cast
    rung: list[str] = field(default_factory=list)

    def job(self, order: Order | None = None, **more: Any) -> Job:
        """A queued job; a build unless an order is given."""
        log = open_log(project=self.cast.project, kind="build")
        job = jobs.create_job(
            order=order or build_order(), project=self.cast.project, host=self.cast.host, log=log, **more
        )
        Job.objects.filter(id=job.id).update(rung_at=START)
        return Job.objects.get(id=job.id)

    def claimed(self, job: Job | None = None) -> jobs.Claimed:
        """A claimed job."""
        job = job or self.job()
        claimed = jobs.claim(host=self.cast.host, job_id=job.id, now=START)
        assert claimed is not None
        return claimed


@pytest.fixture
def gangway(transactional_db: None, cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Gangway:
    made = Gangway(cast=cast)
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: made.rung.append(job_id))
    return made
