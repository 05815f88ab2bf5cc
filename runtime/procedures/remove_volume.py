"""Removes a volume that nobody needs; one that a container has stays."""

from runtime.contract.names import volume_name
from runtime.contract.orders import RemoveVolume
from runtime.contract.reports import VolumeRemoved
from runtime.engine.base import Engine
from runtime.procedures.answers import answered
from runtime.procedures.ports import Reporter
from runtime.redaction import Redactor


def remove_volume(order: RemoveVolume, *, engine: Engine, reporter: Reporter, instance: str) -> VolumeRemoved:
    """Carries out `order`. Raises ProcedureError; gone already is fine."""
    with answered(Redactor(())), reporter.step("Remove the volume"):
        engine.remove_volume(volume_name(name=order.name, volume=order.volume), instance=instance)
        return VolumeRemoved()
