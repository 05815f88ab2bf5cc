"""The one container that an order names: by its full ID, and only while it bears the labels that the order expects."""

from collections.abc import Mapping

from runtime.contract.names import LABEL_INSTANCE
from runtime.contract.reports import Problem
from runtime.engine.base import Engine
from runtime.engine.errors import NotFound
from runtime.engine.values import Container
from runtime.procedures.ports import ProcedureError


def found_container(container_id: str, labels: Mapping[str, str], *, engine: Engine, instance: str) -> Container:
    """ProcedureError when there is none: gone, somebody else's, or named by less than its full ID, all alike."""
    try:
        found = engine.container(container_id)
    except NotFound:
        raise _gone() from None
    expected = dict(labels) | {LABEL_INSTANCE: instance}
    if found.container_id != container_id or not found.labels.items() >= expected.items():
        raise _gone()
    return found


def _gone() -> ProcedureError:
    return ProcedureError(
        Problem(
            code="container_gone",
            whose="user",
            message="The container is not there any more.",
            advice="A replica gets a new container with each deployment; look at the one that runs now.",
        )
    )
