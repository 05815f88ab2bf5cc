"""What a host says of the volumes that it has: their sizes."""

from datetime import datetime

from runtime.contract.link import VolumesHeld
from webapp.hosts.models import Host
from webapp.volumes.models import Volume


def counted(*, host: Host, said: VolumesHeld, now: datetime) -> int:
    """Note the sizes of this host's own volumes; how many were known. What is none of ours is left alone."""
    sizes = {held.volume: held.size for held in said.volumes}
    rows = list(Volume.objects.standing().filter(host=host, id__in=sizes))
    for row in rows:
        row.size, row.counted_at, row.made = sizes[row.id], now, True
    Volume.objects.bulk_update(rows, ["size", "counted_at", "made"])
    return len(rows)
