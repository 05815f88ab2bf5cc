"""Connections to Redis for the rooms that keep something there: every wait is bounded, a failure is `Unavailable`.

Why explicit settings: redis-py 8 times silent sockets out after 5 s and retries three times by itself, which
would hold a request for 20 s when Redis hangs; RESP 3 changes the shape of stream answers.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from webapp.problems import Unavailable

CONNECT_SECONDS = 2.0
BLOCK_SECONDS = 5.0  # how long one XREAD waits for news
RETRIES = 1  # a pooled connection may be stale after Redis was restarted
MAX_CONNECTIONS = 2000  # a blocked reader holds one per watched log


@dataclass(frozen=True)
class Script:
    """A Lua script, known to the server by the digest of its text."""

    text: str
    digest: str


class Commands(Protocol):
    """The one method of a Redis client that is used here; on an event loop its answer is awaited."""

    def execute_command(self, *words: str | bytes | int | float) -> Any: ...


def unavailable(error: Exception) -> Unavailable:
    """What a Redis failure is to a caller; the cause stays attached."""
    said = type(error).__name__
    return Unavailable(code="redis.unavailable", detail=f"Redis does not answer ({said}). Try again soon.")


@cache
def _client(url: str) -> Commands:
    return redis.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), RETRIES, supported_errors=(RedisConnectionError,)),
        health_check_interval=0,
        max_connections=MAX_CONNECTIONS,
    )


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Commands] = WeakKeyDictionary()
_waiting_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Commands] = WeakKeyDictionary()


def _async_client(*, waits: bool) -> Commands:
    loop = asyncio.get_running_loop()
    clients = _waiting_of_loop if waits else _of_loop
    client = clients.get(loop)
    if client is None:
        extra = BLOCK_SECONDS if waits else 0.0
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL,
            protocol=2,
            socket_timeout=settings.REDIS_TIMEOUT_SECONDS + extra,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=AsyncRetry(NoBackoff(), RETRIES, supported_errors=(RedisConnectionError,)),
            health_check_interval=0,
            max_connections=MAX_CONNECTIONS,
        )
        clients[loop] = client
    return client


def call(*words: str | bytes | int | float) -> Any:
    """One command and its answer. Raises `Unavailable`."""
    try:
        return _client(settings.REDIS_URL).execute_command(*words)
    except RedisError as error:
        raise unavailable(error) from error


async def call_async(*words: str | bytes | int | float, waits: bool = False) -> Any:
    """One command and its answer; `waits` for commands that block up to BLOCK_SECONDS. Raises `Unavailable`."""
    try:
        return await _async_client(waits=waits).execute_command(*words)
    except (RedisError, OSError) as error:
        raise unavailable(error) from error


def run(script: Script, keys: Sequence[str], values: Sequence[str | bytes | int | float]) -> Any:
    """Run a script, loading it when the server has forgotten it. Raises `Unavailable`."""
    client = _client(settings.REDIS_URL)
    try:
        try:
            return client.execute_command("EVALSHA", script.digest, len(keys), *keys, *values)
        except NoScriptError:
            return client.execute_command("EVAL", script.text, len(keys), *keys, *values)
    except RedisError as error:
        raise unavailable(error) from error


async def run_async(script: Script, keys: Sequence[str], values: Sequence[str | bytes | int | float]) -> Any:
    """As `run`, on the running event loop."""
    client = _async_client(waits=False)
    try:
        try:
            return await client.execute_command("EVALSHA", script.digest, len(keys), *keys, *values)
        except NoScriptError:
            return await client.execute_command("EVAL", script.text, len(keys), *keys, *values)
    except (RedisError, OSError) as error:
        raise unavailable(error) from error
