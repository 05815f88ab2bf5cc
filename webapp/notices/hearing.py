"""Hears what changed, within the transaction that changed it, and writes what is to be told into the outbox.

It is named in `settings.HEARERS_OF_CHANGES`; the rooms in which things happen know nothing of it.
"""

from django.utils.timezone import now

from webapp.deployments.models import Deployment
from webapp.hooks.filters import matches
from webapp.images.models import Build
from webapp.notices import events
from webapp.notices.events import EMERGENCY, Happening
from webapp.notices.models import Channel, Notice
from webapp.notices.ways import statuses


def heard(*, kind: str, id: str, project_id: str) -> None:
    """A notice for each channel that wants this; the same happening again writes none."""
    if kind not in ("build", "deployment"):
        return
    channels = list(Channel.objects.filter(project_id=project_id, enabled=True))
    happening = _happening(kind, id) if channels else None
    if happening is None:
        return
    told = [_notice(channel, happening) for channel in channels if _wants(channel, happening)]
    if told:
        Notice.objects.bulk_create(told, ignore_conflicts=True)


def _happening(kind: str, id: str) -> Happening | None:
    """As it stands in the database: whoever tells that it changed may hold an older row."""
    if kind == "build":
        build = Build.objects.select_related("image__project").defer("layers").filter(id=id).first()
        return events.of_build(build) if build is not None else None
    rows = Deployment.objects.select_related("service__project", "service__image", "environment", "release")
    deployment: Deployment | None = rows.filter(id=id).first()
    return events.of_deployment(deployment) if deployment is not None else None


def _wants(channel: Channel, happening: Happening) -> bool:
    loud = happening.event == EMERGENCY and channel.kind != "commit_status"
    if happening.event not in channel.events and not loud:
        return False
    if channel.images and not matches(happening.image, channel.images):
        return False
    if channel.environments and happening.environment and not matches(happening.environment, channel.environments):
        return False
    return channel.kind != "commit_status" or statuses.concerns(channel.target, happening)


def _notice(channel: Channel, happening: Happening) -> Notice:
    facts, thread = happening.facts, ""
    if channel.kind == "commit_status":
        thread = f"{facts['image']['id']} {happening.commit}"
        facts = {**facts, "repository": happening.repository}
    return Notice(
        channel=channel,
        event=happening.event,
        subject=happening.subject,
        thread=thread,
        facts=facts,
        next_at=now(),
    )
