"""A container in the words of the treaty: read from Slipway's own labels, nothing else of it
leaves the host.
"""

from typing import Literal

from runtime.contract.link import ContainerFacts
from runtime.contract.names import (
    LABEL_ENVIRONMENT,
    LABEL_GENERATION,
    LABEL_INDEX,
    LABEL_LOG,
    LABEL_RELEASE,
    LABEL_REPLICA,
    LABEL_SERVICE,
)
from runtime.engine.values import Container

MAX_MESSAGE = 500

State = Literal["starting", "healthy", "unhealthy", "stopping", "stopped"]


def container_facts(container: Container) -> ContainerFacts | None:
    """Its facts; None when its labels are not such as Slipway writes them."""
    labels = container.labels
    try:
        return ContainerFacts(
            container=container.container_id,
            replica=labels[LABEL_REPLICA],
            service=labels[LABEL_SERVICE],
            environment=labels[LABEL_ENVIRONMENT],
            release=labels[LABEL_RELEASE],
            generation=int(labels[LABEL_GENERATION]),
            index=int(labels[LABEL_INDEX]),
            log=labels[LABEL_LOG],
            state=state_of(container),
            exit_code=container.exit_code,
            oom_killed=container.oom_killed,
            restarts=container.restarts,
            started_ns=container.started_ns,
            finished_ns=container.finished_ns,
            ports=list(container.ports),
            message=container.message[:MAX_MESSAGE],
            effective=container.effective,
        )
    except (KeyError, ValueError):
        return None


def state_of(container: Container) -> State:
    """The replica's state that this container shows. One that keeps being restarted is unhealthy."""
    if container.status == "running":
        return "healthy" if container.health == "none" else container.health
    if container.status in ("paused", "restarting"):
        return "unhealthy"
    if container.status == "removing":
        return "stopping"
    return "starting" if container.status == "created" else "stopped"
