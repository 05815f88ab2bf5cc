"""What the control loop does for backups: see that what came in is what was sent, and let go of what is over."""

from datetime import datetime

from django.db import transaction

from runtime.contract.message import whole
from webapp.pieces import digest_of
from webapp.volumes.follow import INCOMPLETE
from webapp.volumes.models import UNDER_WAY, Backup, Volume
from webapp.volumes.services.backing_up import settle
from webapp.volumes.store import files

AT_ONCE = 20


def check(*, now: datetime) -> int:
    """Read what came in to its end: with the digest that the host said it is ready, else it has failed."""
    came = Backup.objects.filter(state="checking").select_related("job", "volume").order_by("created_at")
    count = 0
    for backup in came[:AT_ONCE]:
        path = files.whole_file(backup.id, backup.job.attempt)
        same = path.exists() and digest_of(path) == backup.digest
        with transaction.atomic():
            if same:
                files.complete(backup.id, backup.job.attempt)
                settle(backup, state="ready", now=now)
                _let_older_go(backup.volume, now)
            else:
                settle(backup, state="failed", now=now, problem=whole(INCOMPLETE))
        count += 1
    return count


def let_go(*, now: datetime) -> int:
    """Remove backups beyond what their volumes keep, and files that belong to nothing."""
    count = 0
    for volume in Volume.objects.filter(backups__state="ready").distinct():
        with transaction.atomic():
            count += _let_older_go(volume, now)
    wanted = Backup.objects.filter(state__in=(*UNDER_WAY, "ready")).values_list("id", flat=True)
    for stray in files.others(set(wanted)):
        files.forget(stray)
        count += 1
    return count


def _let_older_go(volume: Volume, now: datetime) -> int:
    """Those of one place are counted together: a restore or a move makes another volume of it."""
    place = Volume.objects.filter(
        environment=volume.environment_id, name=volume.name, service=volume.service, index=volume.index
    )
    ready = Backup.objects.filter(volume__in=place, state="ready").select_related("volume")
    older = ready.order_by("-created_at", "-id")[volume.keep_backups :]
    return sum(settle(backup, state="expired", now=now) for backup in older)
