"""The benches: each contract test runs on the fake engine, and on the real one when asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.engine.docker import DockerEngine
from runtime.engine.fake import FakeEngine
from tests.engine.bench import Bench
from tests.engine.dockerd import engine_address

REAL = pytest.param("docker", marks=pytest.mark.engine)
CLASSIC = pytest.param("docker-classic", marks=pytest.mark.engine)


@pytest.fixture(scope="session")
def docker_address() -> Iterator[str]:
    with engine_address() as address:
        yield address


def bench_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Bench]:
    if kind == "fake":
        yield Bench(FakeEngine(), folder).set_up()
        return
    address = request.getfixturevalue("docker_address")
    engine = DockerEngine(address=address, clis=[] if kind == "docker-classic" else None)
    bench = Bench(engine, folder).set_up()
    try:
        yield bench
    finally:
        bench.clean_up()


@pytest.fixture(params=["fake", REAL])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Any engine."""
    yield from bench_of(request.param, request, tmp_path)


@pytest.fixture(params=["fake", REAL, CLASSIC])
def builder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Any engine by any way of building."""
    yield from bench_of(request.param, request, tmp_path)


@pytest.fixture
def docker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """The real engine only; tests that use it are marked `engine`."""
    yield from bench_of("docker", request, tmp_path)


@pytest.fixture(params=["docker", "docker-classic"])
def docker_builder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """The real engine by both its ways of building; tests that use it are marked `engine`."""
    yield from bench_of(request.param, request, tmp_path)
