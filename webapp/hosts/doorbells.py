"""Users of Redis for hosts: each hears its own queue and nothing else there.

A host's user may use its queue, what Celery's transport keeps of it, and the commands that this takes: no other key,
no subscription, no administration. Redis is told the password's SHA-256 only, which the database has too, so that users
can be made again when Redis has forgotten them. Where the Redis of REDIS_URL makes no users for us, every host is given
that address, as it is.
"""

import logging
from functools import cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import redis
from django.conf import settings
from redis.exceptions import RedisError, ResponseError

from runtime.contract.names import host_queue
from webapp.hosts.models import Host
from webapp.problems import Unavailable

PREFIX = "slipway-host-"
TIMEOUT_SECONDS = 3.0
# What kombu's Redis transport asks for, tried against real servers. Not `client`: it could end others' connections.
COMMANDS = (
    "hello", "auth", "ping", "select", "multi", "exec", "discard", "watch", "unwatch",
    "lpush", "rpush", "brpop", "rpop", "llen", "lrem",
    "hset", "hget", "hdel", "zadd", "zrem", "zrange", "zrevrangebyscore",
    "set", "get", "expire", "pexpire", "del", "exists", "sadd", "srem", "smembers",
    "eval", "evalsha", "script|load",
)  # fmt: skip
PRIORITIES = "\x06\x16[369]"  # kombu's lists for other priorities than the usual one
BELOW = ("", PRIORITIES, ".unacked", ".unacked_index", ".unacked_mutex")
BINDINGS = ("_kombu.binding.", "_kombu.binding_permanent.")

_told: set[str] = set()  # the servers that this process has told of every user

logger = logging.getLogger(__name__)


def give(host: Host, password_digest: str) -> bool:
    """Make the host's user, or give the one that is there another password. False: this Redis makes us no users.

    Raises `Unavailable` when Redis does not answer.
    """
    try:
        _make(host, password_digest)
    except ResponseError as error:
        logger.warning("Redis makes no user for host %s: %s", host.name, error)
        return False
    except RedisError as error:
        raise Unavailable(code="redis.unavailable", detail="Redis does not answer. Try the same code again.") from error
    return True


def take_away(host_id: str) -> None:
    """The host's user is gone, and with it every connection of it. Where Redis is away, `keep` does it later."""
    try:
        _redis().acl_deluser(user_name(host_id))
    except RedisError as error:
        logger.warning("host %s: its Redis user could not be removed now: %s", host_id, error)


def keep() -> int:
    """Every enrolled host has its user, and nobody else has one of that kind; how many were made or removed.

    The first time in a process Redis is told also what it seems to know, as after an upgrade. Raises `RedisError`.
    """
    hosts = Host.objects.exclude(credential_digest="").exclude(doorbell_digest="")
    wanted = {user_name(host.id): host for host in hosts}
    try:
        known = _known()
        first = str(settings.REDIS_URL) not in _told
        missing = [
            host for name, host in wanted.items() if first or f"#{host.doorbell_digest}" not in known.get(name, ())
        ]
        for host in missing:
            _make(host, host.doorbell_digest)
        strange = [name for name in known if name not in wanted]
        if strange:
            _redis().acl_deluser(*strange)
    except ResponseError as error:
        logger.debug("this Redis makes no users for hosts: %s", error)
        return 0
    _told.add(str(settings.REDIS_URL))
    return len(missing) + len(strange)


def address(host: Host, password: str | None) -> str:
    """The Redis URL for this host; without a password the one that all hosts are given."""
    shared = str(settings.HOSTS_REDIS_URL)
    if password is None:
        return shared
    parts = urlsplit(shared)
    place = parts.netloc.rpartition("@")[2]
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("username", "password")]
    netloc = f"{user_name(host.id)}:{quote(password, safe='')}@{place}"
    return parts._replace(netloc=netloc, query=urlencode(query)).geturl()


def user_name(host_id: str) -> str:
    """In Redis. A host's id is the same for its life."""
    return f"{PREFIX}{host_id}"


def _make(host: Host, password_digest: str) -> None:
    """From nothing each time, in one command, so that no earlier right is left; whoever is connected stays."""
    queue = host_queue(host.name)
    _redis().acl_setuser(
        user_name(host.id),
        enabled=True,
        reset=True,
        reset_channels=True,
        hashed_passwords=[f"+{password_digest}"],
        keys=[f"{queue}{below}" for below in BELOW] + [f"{binding}{queue}" for binding in BINDINGS],
        commands=[f"+{command}" for command in COMMANDS],
    )


def _known() -> dict[str, list[str]]:
    """The rules of each user of our kind, by its name."""
    lines = [line.decode() if isinstance(line, bytes) else str(line) for line in _redis().acl_list()]
    users = [line.split(" ") for line in lines]
    return {words[1]: words[2:] for words in users if words[1].startswith(PREFIX)}


def _redis() -> redis.Redis:
    return _client(str(settings.REDIS_URL))


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS)
