"""One running Slipway per module and database; a fresh one for tests that kill things."""

from collections.abc import Iterator

import pytest

from launch.engine import NoEngine, look_for_engine
from tests.flows.house import House, drop_home, make_home
from tests.flows.postgres import private_postgres
from tests.flows.redis_server import RedisServer


@pytest.fixture(scope="session")
def engine() -> str:
    """DOCKER_HOST of an engine that answers; bin/test starts one."""
    found = look_for_engine()
    assert not isinstance(found, NoEngine), f"no engine at {found.address}: {found.reason} (bin/test starts one)"
    return found.address


def _running_house(engine: str, database_url: str) -> Iterator[House]:
    home = make_home()
    redis = RedisServer(home)
    redis.start()
    house = House(home=home, engine=engine, redis=redis, database_url=database_url)
    try:
        house.set_up()
        house.start("web", "control", "worker", "agent")
        house.wait_ready()
        yield house
    finally:
        house.stop()
        house.remove_containers()
        redis.stop()
        drop_home(home)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, engine: str) -> Iterator[House]:
    """A running Slipway, on each database in turn; tests share it and use names of their own."""
    if request.param == "sqlite":
        yield from _running_house(engine, "")
        return
    with private_postgres() as database_url:
        yield from _running_house(engine, database_url)


@pytest.fixture
def mortal_house(engine: str) -> Iterator[House]:
    """A running Slipway of one's own, on SQLite, whose parts may be killed."""
    yield from _running_house(engine, "")
