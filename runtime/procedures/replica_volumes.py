"""The volumes of one replica: there before its container is, made only where none was ever."""

from runtime.contract.names import (
    LABEL_ENVIRONMENT,
    LABEL_INSTANCE,
    LABEL_PROJECT,
    LABEL_VOLUME,
    volume_name,
)
from runtime.contract.orders import ConvergeService, ReplicaSpec, ReplicaVolume
from runtime.contract.reports import Problem
from runtime.engine.base import Engine
from runtime.engine.errors import NotFound
from runtime.procedures.ports import ProcedureError


def engine_names(replica: ReplicaSpec) -> dict[str, str]:
    """By the name in the specification, what the engine calls the volume."""
    return {which.name: volume_name(name=which.name, volume=which.volume) for which in replica.volumes}


def ensure_volumes(order: ConvergeService, replica: ReplicaSpec, *, engine: Engine, instance: str) -> None:
    """Every volume that the replica mounts is there. ProcedureError where one is not named, or was there and is gone:
    an empty one in its place would look as if all were well.
    """
    _check_named(order, replica)
    for which in replica.volumes:
        name = volume_name(name=which.name, volume=which.volume)
        if which.known:
            _require_there(engine, name, which)
        labels = {
            LABEL_INSTANCE: instance,
            LABEL_PROJECT: order.project,
            LABEL_ENVIRONMENT: order.environment,
            LABEL_VOLUME: which.volume,
        }
        engine.ensure_volume(name, labels=labels)


def _check_named(order: ConvergeService, replica: ReplicaSpec) -> None:
    missing = {mount.name for mount in order.spec.volumes} - {which.name for which in replica.volumes}
    if missing:
        raise ProcedureError(
            Problem(
                code="volume_unnamed",
                whose="us",
                message=f"The order does not say which volumes these are: {', '.join(sorted(missing))}.",
            )
        )


def _require_there(engine: Engine, name: str, which: ReplicaVolume) -> None:
    try:
        engine.volume(name)
    except NotFound:
        raise ProcedureError(
            Problem(
                code="volume_missing",
                whose="host",
                message=f"Volume {which.name} ({name}) was on this host and is not there any more.",
                advice="Restore a backup of it; an empty volume is not put in its place.",
            )
        ) from None
