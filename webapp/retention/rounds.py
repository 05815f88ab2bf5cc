"""What the control loop does: apply each rule once a day, and see that what is marked as gone leaves the hosts."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from webapp.holdings.forgetting import ASK_AGAIN, forget
from webapp.holdings.models import Forgetting, Holding
from webapp.images.forgetting import forget_builds
from webapp.images.leaving import lost, stands_on
from webapp.images.models import Build
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.problems import Refusal
from webapp.registries.own import erasing
from webapp.retention.models import EVERY, RetentionRule
from webapp.retention.services import apply
from webapp.teams.models import Project
from webapp.teams.policy import SYSTEM

RULES_A_ROUND = 20
PROJECTS_A_ROUND = 50
LEFT_FOR = timedelta(days=1)  # an image of an attempt that came to nothing may be looked at for so long
LEFTOVERS_A_ROUND = 200
KEPT_FOR = timedelta(days=30)  # how long it is told what a host was ordered to forget


def apply_due(*, now: datetime) -> int:
    """Apply the rules whose day is over; how many builds were marked as gone."""
    due = RetentionRule.objects.filter(ran_at__lt=now - EVERY).select_related("project__team", "image__project__team")
    count = 0
    for rule in due.order_by("ran_at")[:RULES_A_ROUND]:
        if not RetentionRule.objects.filter(id=rule.id, ran_at=rule.ran_at).update(ran_at=now):
            continue
        try:
            plans = apply(actor=SYSTEM, project=rule.project, image=rule.image, now=now)
        except Refusal:
            continue  # the rule or its image went meanwhile
        count += sum(len(plan.gone) for plan in plans)
    return count


def sweep(*, now: datetime) -> int:
    """Order hosts to let go of what is marked as gone and they still hold, and of what failed attempts left."""
    orders = 0
    due = Q(asked_at__isnull=True) | Q(asked_at__lt=now - ASK_AGAIN)
    held = Holding.objects.filter(due).values("image_id")
    expired = Build.objects.filter(expired_at__isnull=False, config_digest__in=held)
    projects = Project.objects.filter(id__in=expired.values("image__project")).order_by("id")
    for project in projects[:PROJECTS_A_ROUND]:
        with transaction.atomic():
            builds = Build.objects.filter(image__project=project, expired_at__isnull=False)
            orders += len(forget_builds(project=project, builds=builds, now=now))
    return orders + _forget_leftovers(now)


def erase(*, now: datetime) -> int:
    """Have Slipway's own registry let go of what it was told to; how many manifests are gone."""
    return erasing.run_due(now=now, stands_on=stands_on, lost=partial(lost, now=now))


def prune(*, now: datetime) -> int:
    """Forget what hosts were told to forget long ago."""
    old = Forgetting.objects.filter(finished_at__lt=now - KEPT_FOR)
    rows = list(old.order_by("id")[:LEFTOVERS_A_ROUND])
    with transaction.atomic():
        Forgetting.objects.filter(id__in=[row.id for row in rows]).delete()
        Job.objects.filter(id__in=[row.job_id for row in rows]).delete()
        Log.objects.filter(id__in=[row.log_id for row in rows]).delete()
    return len(rows) + erasing.prune(now=now)


def _forget_leftovers(now: datetime) -> int:
    """An image with the label of a build of ours that ended, and ended with another image or with none."""
    since = now - LEFT_FOR
    ended = Build.objects.filter(finished_at__lt=since)
    labelled = Holding.objects.filter(since__lt=since, build__in=ended.values("id"), asked_at=None)
    wanted = Build.objects.filter(state="succeeded", expired_at=None).values("config_digest")
    left = labelled.exclude(image_id__in=wanted)
    rows = dict(left.order_by("id").values_list("image_id", "build")[:LEFTOVERS_A_ROUND])
    builds = Build.objects.filter(id__in=rows.values()).select_related("image__project", "job")
    facts = {build.id: build for build in builds.defer("layers", "definition")}
    by_project: dict[Project, dict[str, set[str]]] = {}
    for image_id, build_id in rows.items():
        build = facts[build_id]
        by_project.setdefault(build.image.project, {})[image_id] = {build.job.order["tag"]}
    orders = 0
    for project, images in by_project.items():
        with transaction.atomic():
            orders += len(forget(project=project, images=images, now=now))
    return orders
