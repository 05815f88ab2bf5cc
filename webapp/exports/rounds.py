"""What the control loop does for exports: see that what came in is what was sent, and let go of what is over."""

from datetime import datetime, timedelta

from django.db import transaction

from runtime.contract.message import whole
from webapp.exports import store
from webapp.exports.follow import INCOMPLETE
from webapp.exports.models import UNDER_WAY, Export
from webapp.exports.services import KEPT_FOR, settle
from webapp.jobs.models import Job
from webapp.logs.models import Log

AT_ONCE = 20
TOLD_FOR = timedelta(days=30)  # so long it is told that there was one


def check(*, now: datetime) -> int:
    """Read what came in to its end: with the digest that the host said it is ready, else it has failed."""
    came = Export.objects.filter(state="checking").select_related("job", "build__image").order_by("created_at")
    count = 0
    for export in came[:AT_ONCE]:
        path = store.whole_file(export.id, export.job.attempt)
        same = path.exists() and store.digest_of(path) == export.digest
        with transaction.atomic():
            if same:
                store.complete(export.id, export.job.attempt)
                settle(export, state="ready", now=now, expires_at=now + KEPT_FOR)
            else:
                settle(export, state="failed", now=now, problem=whole(INCOMPLETE))
        count += 1
    return count


def let_go(*, now: datetime) -> int:
    """Remove archives whose time is over, and files that belong to nothing."""
    over = Export.objects.filter(state="ready", expires_at__lt=now).select_related("build__image")
    count = 0
    for export in over[:AT_ONCE]:
        with transaction.atomic():
            count += settle(export, state="expired", now=now)
    wanted = Export.objects.filter(state__in=(*UNDER_WAY, "ready")).values_list("id", flat=True)
    for stray in store.others(set(wanted)):
        store.forget(stray)
        count += 1
    return count + _forget_rows(now)


def _forget_rows(now: datetime) -> int:
    """Exports of long ago, with their jobs and logs."""
    ended = Export.objects.exclude(state__in=(*UNDER_WAY, "ready")).filter(created_at__lt=now - TOLD_FOR)
    rows = list(ended.order_by("id")[:AT_ONCE])
    with transaction.atomic():
        Export.objects.filter(id__in=[row.id for row in rows]).delete()
        Job.objects.filter(id__in=[row.job_id for row in rows]).delete()
        Log.objects.filter(id__in=[row.log_id for row in rows]).delete()
    return len(rows)
