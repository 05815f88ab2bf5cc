"""Whoever hears that something changed: at once rooms above that keep it, and on commit the browsers.

This is the only publisher to the channel layer: small signals that something changed, never what. A signal may get
lost (the layer delivers at most once); whoever shows something asks again now and then.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import cache, partial

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from webapp.rest import waiting

SEND_SECONDS = 2.0
EVERYBODY = "everybody"  # the group for what belongs to no project, e.g. hosts

logger = logging.getLogger(__name__)


def group_of(project_id: str | None) -> str:
    """The group that hears of this project; without one, of the hosts. A group's name is not a right: consumers ask."""
    return f"project.{project_id}" if project_id else EVERYBODY


def changed(*, kind: str, id: str, state: str, project_id: str | None) -> None:
    """Tell that this thing is in this state: the hearers in settings at once, browsers when the transaction commits.

    To tell browsers never fails; when a hearer fails, so does the verb.
    """
    if project_id:
        for hear in _hearers():
            hear(kind=kind, id=id, project_id=project_id)
    event = {"kind": kind, "id": id, "state": state, "project": project_id or ""}
    transaction.on_commit(partial(_publish, group_of(project_id), event))


@cache
def _hearers() -> tuple[Callable[..., None], ...]:
    return tuple(import_string(path) for path in settings.HEARERS_OF_CHANGES)


def _publish(group: str, event: dict[str, str]) -> None:
    waiting.wake()
    # `version` orders the signals of one thing: later ones are larger.
    message = {"type": "thing.changed", **event, "version": time.time_ns() // 1000}
    try:
        async_to_sync(_send)(group, message)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("nobody was told that %s %s changed: %s", event["kind"], event["id"], error)


async def _send(group: str, message: dict[str, object]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        # A Redis that hangs would hold the request: the layer's sockets have no time limit of their own.
        async with asyncio.timeout(SEND_SECONDS):
            await layer.group_send(group, message)
