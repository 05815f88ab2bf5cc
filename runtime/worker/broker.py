"""Celery's Redis transport, made safe against what anybody might put into a host's queue.

As it comes, it ends the worker, running jobs and all, when a message is no JSON or lacks a part. Here such a message is
dropped with a word in the log; what has a message's shape is Celery's to judge.
"""

import base64
import binascii
import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel, Transport

SCHEMES = ("redis", "rediss")

logger = logging.getLogger(__name__)


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis URL: a unix socket is `redis+socket://`."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def guard_transport() -> None:
    """In this process, Redis is heard through `DoorbellTransport`. To be called before the first connection."""
    TRANSPORT_ALIASES.update(dict.fromkeys(SCHEMES, f"{__name__}:{DoorbellTransport.__name__}"))


class DoorbellChannel(Channel):
    """Survives what is no JSON."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        handlers = vars(self)["handlers"]
        handlers["BRPOP"] = partial(_read, handlers["BRPOP"])


class DoorbellTransport(Transport):
    """Delivers only what has the shape of a message."""

    Channel = DoorbellChannel

    def _deliver(self, message: Any, queue: str | None) -> None:
        if has_shape(message):
            super()._deliver(message, queue)
        else:
            logger.error("a message without the shape of one was dropped")


def _read(read: Callable[..., Any], **options: Any) -> Any:
    try:
        return read(**options)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        logger.error("a message that cannot be read was dropped: %s", type(error).__name__)
        return True


def has_shape(message: object) -> bool:
    """Does it have every part that is read before Celery guards itself?"""
    if not isinstance(message, dict):
        return False
    headers, properties = message.get("headers"), message.get("properties")
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        return False
    named = isinstance(headers.get("task"), str) and isinstance(headers.get("id"), str)
    tagged = isinstance(properties.get("delivery_tag"), str) and isinstance(properties.get("delivery_info"), dict)
    return named and tagged and _is_body(message.get("body"), properties.get("body_encoding"))


def _is_body(body: object, encoding: object) -> bool:
    if not isinstance(body, str) or encoding != "base64":
        return False
    try:
        base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
