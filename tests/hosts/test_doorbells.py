"""Each host's user in a real Redis: its own queue and nothing else."""

from collections.abc import Callable, Iterator

import pytest
import redis
from pytest_django.fixtures import Settings
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from runtime.contract.names import host_queue
from tests.cast import Cast
from tests.hosts.given import NO_REDIS
from tests.redis_rig import redis_server, redis_url
from webapp.hosts import doorbells
from webapp.hosts.models import Host
from webapp.hosts.services import enroll, revoke
from webapp.problems import Unavailable
from webapp.sealing import digest
from webapp.teams.policy import SYSTEM

__all__ = ["redis_server", "redis_url"]

FOREIGN = [
    "slipway.host.b", "slipway.host.b.unacked", "slipway.host.b.unacked_index", "_kombu.binding.slipway.host.b",
    "slipway:layer", "slipway.host.ab", "slipway.host.", "anything",
]  # fmt: skip
FORBIDDEN = [
    ("ACL", "LIST"), ("ACL", "WHOAMI"), ("CLIENT", "LIST"), ("CLIENT", "KILL", "TYPE", "normal"), ("KEYS", "*"),
    ("SCAN", "0"), ("CONFIG", "GET", "*"), ("FLUSHALL",), ("SUBSCRIBE", "x"), ("PUBLISH", "x", "y"), ("SHUTDOWN",),
    ("XREAD", "STREAMS", "slipway.host.a", "0"), ("MONITOR",), ("REPLICAOF", "NO", "ONE"), ("FUNCTION", "LIST"),
]  # fmt: skip


def given(name: str) -> tuple[Host, str]:
    """A host with its user, and the password."""
    host, _ = enroll(actor=SYSTEM, name=name)
    password = f"password of {name}"
    assert doorbells.give(host, digest(password))
    Host.objects.filter(id=host.id).update(doorbell_digest=digest(password))
    return Host.objects.get(id=host.id), password


def client(host: Host, password: str) -> redis.Redis:
    return redis.Redis.from_url(doorbells.address(host, password))


@pytest.fixture
def admin(redis_url: str, settings: Settings) -> Iterator[redis.Redis]:
    settings.HOSTS_REDIS_URL = redis_url
    admin = redis.Redis.from_url(redis_url)
    yield admin
    for name in map(str, admin.acl_users()):
        if name.startswith(doorbells.PREFIX):
            admin.acl_deluser(name)


def test_a_host_uses_its_own_queue(cast: Cast, admin: redis.Redis) -> None:
    host, password = given("a")
    with client(host, password) as own:
        own.lpush(host_queue("a"), "ring")
        assert own.brpop([host_queue("a")], timeout=1) == (b"slipway.host.a", b"ring")
        own.lpush(host_queue("a") + "\x06\x163", "urgent")
        own.hset(host_queue("a") + ".unacked", "tag", "message")
        own.zadd(host_queue("a") + ".unacked_index", {"tag": 1})
        own.sadd("_kombu.binding_permanent." + host_queue("a"), "bound")


@pytest.mark.parametrize("key", FOREIGN)
def test_a_host_can_neither_read_nor_push_what_is_not_its_own(cast: Cast, admin: redis.Redis, key: str) -> None:
    given("b")
    host, password = given("a")
    admin.lpush(key, "secret")
    with client(host, password) as own:
        attempts: list[Callable[[], object]] = [
            lambda: own.lpush(key, "forged"),
            lambda: own.brpop([key], timeout=1),
            lambda: own.brpop([host_queue("a"), key], timeout=1),
            lambda: own.delete(key),
            lambda: own.eval("return redis.call('RPOP', KEYS[1])", 1, key),
            lambda: own.eval("return redis.call('RPOP', ARGV[1])", 0, key),
        ]
        for attempt in attempts:
            with pytest.raises(RedisError, match=r"(?i)permission|can't access"):
                attempt()
    assert admin.lrange(key, 0, -1) == [b"secret"]
    admin.delete(key)


@pytest.mark.parametrize("words", FORBIDDEN, ids=" ".join)
def test_a_host_administers_nothing_and_hears_nobody_else(
    cast: Cast, admin: redis.Redis, words: tuple[str, ...]
) -> None:
    host, password = given("a")
    with client(host, password) as own, pytest.raises(NoPermissionError):
        own.execute_command(*words)


def test_another_hosts_password_is_no_key_to_ones_own(cast: Cast, admin: redis.Redis) -> None:
    (a, _), (_, password_of_b) = given("a"), given("b")
    with client(a, password_of_b) as wrong, pytest.raises(AuthenticationError):
        wrong.ping()


def test_a_redis_that_forgot_its_users_is_told_them_again(cast: Cast, admin: redis.Redis) -> None:
    host, password = given("a")
    doorbells.keep()
    assert doorbells.keep() == 0, "nothing is left to do"
    admin.acl_deluser(doorbells.user_name(host.id))
    assert doorbells.keep() == 1
    with client(host, password) as own:
        assert own.llen(host_queue("a")) == 0


def test_a_user_with_another_password_is_set_right_and_a_strange_one_removed(cast: Cast, admin: redis.Redis) -> None:
    host, password = given("a")
    doorbells.keep()
    doorbells.give(host, digest("another"))
    admin.acl_setuser(doorbells.PREFIX + "nobody", enabled=True)
    assert doorbells.keep() == 2
    assert doorbells.PREFIX + "nobody" not in admin.acl_users()
    with client(host, password) as own:
        assert own.llen(host_queue("a")) == 0


@pytest.mark.django_db(transaction=True)
def test_revoking_cuts_a_connection_that_waits_at_once(admin: redis.Redis) -> None:
    host, password = given("a")
    with client(host, password) as own:
        connection = own.connection_pool.get_connection()
        connection.send_command("BRPOP", host_queue("a"), 0)
        assert not connection.can_read(timeout=0.1)
        revoke(actor=SYSTEM, host=host)
        with pytest.raises(RedisError):
            connection.read_response(disable_decoding=True)
        with pytest.raises(AuthenticationError):
            own.ping()
    assert doorbells.user_name(host.id) not in admin.acl_users()


def test_a_redis_that_lets_us_make_no_users_is_shared_and_says_so(
    cast: Cast, admin: redis.Redis, settings: Settings
) -> None:
    admin.acl_setuser("plain", enabled=True, passwords=["+pw"], keys=["*"], categories=["+@all"], commands=["-acl"])
    settings.REDIS_URL = settings.HOSTS_REDIS_URL.replace("unix://", "unix://plain:pw@")
    assert doorbells.give(cast.host, digest("x")) is False
    assert doorbells.keep() == 0
    assert doorbells.address(cast.host, None) == settings.HOSTS_REDIS_URL
    admin.acl_deluser("plain")


def test_a_redis_that_is_away_is_said(cast: Cast, settings: Settings) -> None:
    settings.REDIS_URL = NO_REDIS
    with pytest.raises(Unavailable):
        doorbells.give(cast.host, digest("x"))
    doorbells.take_away(cast.host.id)


@pytest.mark.parametrize(
    ("shared", "own"),
    [
        ("redis://r.example.org:6379/2", "redis://slipway-host-x:p%2Fw@r.example.org:6379/2"),
        ("rediss://user:secret@r.example.org:6380/0", "rediss://slipway-host-x:p%2Fw@r.example.org:6380/0"),
        ("redis://r.example.org/0?password=secret&db=3", "redis://slipway-host-x:p%2Fw@r.example.org/0?db=3"),
        ("unix:///run/redis.sock", "unix://slipway-host-x:p%2Fw@/run/redis.sock"),
    ],
)
def test_the_address_of_a_host_holds_its_own_name_and_no_password_of_ours(
    settings: Settings, shared: str, own: str
) -> None:
    settings.HOSTS_REDIS_URL = shared
    assert doorbells.address(Host(id="x", name="a"), "p/w") == own
