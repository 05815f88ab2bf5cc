"""Who has volumes, for their room (`webapp.volumes.using.Users`)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Q

from webapp.deployments.models import Replica
from webapp.deployments.settings.aspects import setting
from webapp.volumes.models import Volume
from webapp.volumes.using import Use


def users(volumes: Collection[Volume]) -> Mapping[str, Sequence[Use]]:
    """Replicas that are wanted, or whose container is still there, on the volume's host. One query."""
    found: dict[str, list[Use]] = defaultdict(list)
    active = [volume for volume in volumes if volume.active]
    places = {volume.environment_id for volume in active}
    rows = Replica.objects.filter(environment__in=places).filter(~Q(desired="gone") | ~Q(container=""))
    for row in rows.select_related("service", "release"):
        mounts = {mount["name"]: mount["shared"] for mount in setting(row.release.settings, "volumes")}
        for volume in active:
            if row.environment_id == volume.environment_id and _has(row, volume, mounts):
                found[volume.id].append(_use(row))
    return found


def _has(row: Replica, volume: Volume, mounts: Mapping[str, bool]) -> bool:
    if mounts.get(volume.name) is None or mounts[volume.name] != (volume.service == ""):
        return False
    return not volume.service or (volume.service, volume.index) == (row.service_id, row.index)


def _use(row: Replica) -> Use:
    return Use(
        replica=row.id,
        service=row.service.slug,
        index=row.index,
        container=row.container,
        runs=row.desired == "running",
        stop_timeout=row.release.settings["stop_timeout"],
    )
