"""Tell hosts to let go of images, by exact ID and by the names that Slipway gave them there."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from runtime.contract import states
from runtime.contract.orders import ForgetImages, ForgottenImage
from webapp.holdings.models import Forgetting, Holding
from webapp.hosts.models import Host
from webapp.jobs import services as jobs
from webapp.logs import services as logs
from webapp.teams.models import Project

IMAGES_AN_ORDER = 100
ASK_AGAIN = timedelta(hours=6)  # what a host kept (a container used it) is asked for again after this


def forget(*, project: Project, images: Mapping[str, Collection[str]], now: datetime) -> list[Forgetting]:
    """Order every host that holds one of these images (ID to names) to let go of it; inside the caller's transaction.

    Not again while an order of this project is under way there, nor soon after one.
    """
    due = Q(asked_at__isnull=True) | Q(asked_at__lt=now - ASK_AGAIN)
    rows = Holding.objects.filter(due, image_id__in=images).exclude(host__credential_digest="")
    by_host: dict[str, list[str]] = {}
    for host_id, image_id in rows.order_by("image_id").values_list("host_id", "image_id"):
        by_host.setdefault(host_id, []).append(image_id)
    for busy in _under_way(project, by_host):
        del by_host[busy]
    hosts = Host.objects.in_bulk(list(by_host))
    return [_order(project, hosts[id], held[:IMAGES_AN_ORDER], images, now) for id, held in sorted(by_host.items())]


def _under_way(project: Project, host_ids: Collection[str]) -> set[str]:
    live = Forgetting.objects.filter(project=project, host__in=host_ids)
    return set(live.exclude(state__in=states.terminal_states(states.JOB)).values_list("host_id", flat=True))


def _order(
    project: Project, host: Host, image_ids: list[str], names: Mapping[str, Collection[str]], now: datetime
) -> Forgetting:
    log = logs.open_log(project=project, kind="forgetting")
    order = ForgetImages(images=tuple(ForgottenImage(image_id=id, tags=tuple(sorted(names[id]))) for id in image_ids))
    job = jobs.create_job(order=order, project=project, host=host, log=log)
    Holding.objects.filter(host=host, image_id__in=image_ids).update(asked_at=now)
    return Forgetting.objects.create(project=project, host=host, job=job, log=log, asked=len(image_ids))
