"""The engine dies under what runs, and comes again: the pages tell the truth, and no line is lost or told twice."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.house import House, running_house
from tests.flows.own_engine import OwnEngine
from tests.flows.story import (
    TICKER,
    all_lines,
    assert_dense,
    build,
    deploy,
    get,
    make_image,
    make_project,
    make_service,
    replicas,
)
from tests.flows.waiting import wait_for

pytestmark = [pytest.mark.flow, pytest.mark.fault, pytest.mark.engine]

TOLD_SECONDS = 15  # until the pages tell the truth


@pytest.fixture
def own_engine() -> Iterator[OwnEngine]:
    home = Path(tempfile.mkdtemp(prefix="slw-engine-", dir="/tmp"))  # a socket's path is short
    engine = OwnEngine(home=home, name=home.name)
    engine.make()
    try:
        engine.start()
        yield engine
    finally:
        engine.drop()


@pytest.fixture
def house(own_engine: OwnEngine) -> Iterator[House]:
    with running_house(own_engine.address) as running:
        yield running


def test_after_the_engine_was_killed_everything_runs_again_and_no_line_is_missing(
    house: House, own_engine: OwnEngine
) -> None:
    with house.api() as api:
        place = make_project(api, slug="engine")
        image = make_image(api, place["project"], slug="ticker", dockerfile=TICKER)
        service = make_service(api, place["project"], image, slug="ticker", replicas=1)
        deploy(api, service, place["dev"], build=build(api, image)["id"])
        replica = replicas(api, service, place["dev"])[0]
        wait_for("some lines", lambda: len(all_lines(api, replica["log"])) >= 10)

        own_engine.kill()
        wait_for(
            "the host to say that its engine is down",
            lambda: [host["state"] for host in get(api, "hosts/")["results"]] == ["engine_down"],
            seconds=TOLD_SECONDS,
        )
        own_engine.start()  # it ends what ran, and leaves it down
        wait_for(
            "the host to be ready and its replica to run",
            lambda: (
                [host["state"] for host in get(api, "hosts/")["results"]] == ["ready"]
                and [row["state"] for row in replicas(api, service, place["dev"])] == ["healthy"]
            ),
            seconds=TOLD_SECONDS,
        )
        log = replicas(api, service, place["dev"])[0]["log"]
        told = len(all_lines(api, log))
        wait_for("more lines", lambda: len(all_lines(api, log)) >= told + 10)
        lines = all_lines(api, log)
        assert_dense(lines)
        assert_each_life_counts_on([line[3] for line in lines if line[2] != "s"])
        assert len(house.containers()) == 1

        again = deploy(api, service, place["dev"], build=build(api, image, no_cache=True)["id"])
        assert again["state"] == "succeeded", "the worker found the engine again"


def assert_each_life_counts_on(said: list[str]) -> None:
    """The container counts from 1 in each of its lives: each number once, none left out."""
    numbers = [int(text.removeprefix("tick ")) for text in said]
    starts = [at for at, number in enumerate(numbers) if number == 1]
    assert starts[0] == 0
    for start, end in zip(starts, [*starts[1:], len(numbers)], strict=True):
        assert numbers[start:end] == list(range(1, end - start + 1)), numbers[start:end]
