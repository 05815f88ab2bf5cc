"""One running Slipway per module and database; a fresh one for tests that kill things."""

from collections.abc import Iterator

import pytest

from tests.flows.house import House, engine_address, running_house
from tests.flows.postgres import private_postgres


@pytest.fixture(scope="session")
def engine() -> str:
    """DOCKER_HOST of an engine that answers."""
    return engine_address()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, engine: str) -> Iterator[House]:
    """A running Slipway, on each database in turn; tests share it and use names of their own."""
    if request.param == "sqlite":
        with running_house(engine) as running:
            yield running
        return
    with private_postgres() as database_url, running_house(engine, database_url) as running:
        yield running


@pytest.fixture
def mortal_house(engine: str) -> Iterator[House]:
    """A running Slipway of one's own, on SQLite, whose parts may be killed."""
    with running_house(engine) as running:
        yield running
