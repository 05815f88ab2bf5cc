"""What a replica remembers of its container's last end when it runs again, which the engine forgets. Pure."""

from typing import Any

from runtime.contract.link import ContainerFacts
from webapp.deployments.models import Replica
from webapp.deployments.rollout.seeing import MAX_RESTARTS, moment


def last_end(row: Replica, facts: ContainerFacts) -> dict[str, Any]:
    """`exit_code`, `oom_killed` and `restarts`, kept over the starts of the same container; another's are its own.

    The engine counts only the restarts that it makes itself, and begins anew when somebody else starts the container.
    """
    restarts = min(max(facts.restarts, 0), MAX_RESTARTS)
    told = {"exit_code": facts.exit_code, "oom_killed": facts.oom_killed, "restarts": restarts}
    if facts.container != row.container:
        return told
    if facts.exit_code is None and facts.finished_ns is not None:
        told.update(exit_code=row.exit_code, oom_killed=row.oom_killed)
    started = moment(facts.started_ns)
    again = row.started_at is not None and started is not None and started > row.started_at
    told["restarts"] = min(max(restarts, row.restarts + again), MAX_RESTARTS)
    return told
