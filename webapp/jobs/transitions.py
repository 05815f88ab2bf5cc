"""The one place where a job's state changes: lawful by the table, and by compare-and-set."""

from collections.abc import Mapping

from runtime.contract import states
from webapp.jobs.models import Job

LIVE = ("claimed", "running")  # a host holds the lease


def move(job: Job, to: str, *, fields: Mapping[str, object]) -> bool:
    """Bring `job` into state `to` with these fields, if nobody was faster; the object then says so too.

    False: the row has left the state or attempt that `job` shows. Raises ValueError for an unlawful transition.
    """
    if not states.may_become(states.JOB, job.state, to):
        raise ValueError(f"a job does not go from {job.state} to {to}")
    row = Job.objects.filter(id=job.id, state=job.state, attempt=job.attempt)
    if not row.update(state=to, **fields):
        return False
    job.state = to
    for name, value in fields.items():
        setattr(job, name, value)
    return True
