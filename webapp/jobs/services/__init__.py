"""Orders given to hosts: made, claimed, kept alive by a lease, reported on, ended.

A job's owner (a build, a deployment) is above this room: whoever calls these verbs tells the owner, inside the same
transaction (`ingest.owners`).
"""

from webapp.jobs.services.claiming import Claimed, claim, open_job
from webapp.jobs.services.doorbells import ring_outstanding
from webapp.jobs.services.leases import HEARTBEAT_SECONDS, LEASE_SECONDS, expire_leases
from webapp.jobs.services.making import create_job, fail_unstarted, request_cancel
from webapp.jobs.services.queueing import move_to, put_first, queue_position, waiting
from webapp.jobs.services.reporting import LinesMissing, finish, heartbeat, keep_lines, progress, require_live

__all__ = [
    "HEARTBEAT_SECONDS",
    "LEASE_SECONDS",
    "Claimed",
    "LinesMissing",
    "claim",
    "create_job",
    "expire_leases",
    "fail_unstarted",
    "finish",
    "heartbeat",
    "keep_lines",
    "move_to",
    "open_job",
    "progress",
    "put_first",
    "queue_position",
    "request_cancel",
    "require_live",
    "ring_outstanding",
    "waiting",
]
