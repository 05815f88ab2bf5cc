"""200 requests a second through Caddy to containers of a real engine, while releases come and go: none is lost."""

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from benchmarks.load import Count, Load
from runtime.contract.container import Health
from runtime.contract.orders import ConvergeService
from runtime.contract.routes import Http, Route
from runtime.engine.docker import DockerEngine
from runtime.health import NetworkProber
from runtime.procedures.converge_plan import network_for
from runtime.procedures.converge_service import converge_service
from runtime.procedures.ports import ProcedureError
from tests.edge.bench import SHOP, EdgeBench
from tests.edge.traffic import traffic
from tests.engine.bench import base_image
from tests.engine.dockerd import engine_address
from tests.procedures.rig import Folders, Told, order, with_spec

pytestmark = pytest.mark.engine

SERVE = "mkdir -p /tmp/www && echo $NAME > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www"
HEALTH = Health(kind="http", port=8080, deadline=20.0, minimum_healthy=0.2)
RATE = 100.0  # of each of two loads: one that keeps its connections, one that does not
QUIET_SECONDS = 0.7


class Patient(Told):
    """A reporter whose waiting takes time."""

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
        super().wait(seconds)


@dataclass
class Shop:
    """One service behind Caddy on a real engine."""

    engine: DockerEngine
    bench: EdgeBench
    image: str
    instance: str = field(default_factory=lambda: f"test{uuid.uuid4().hex[:12]}")

    def order(self, release: int, *, generation: int, replicas: int = 2, serve: str = SERVE) -> ConvergeService:
        wanted = with_spec(
            order(self.image, generation=release, replicas=replicas),
            command=("sh", "-c", serve),
            health=HEALTH,
            variables={"NAME": f"r{release}"},
            stop_timeout=1,
        )
        http = Http(port=8080, routes=(Route(host=SHOP),), drain=30)
        return msgspec.structs.replace(wanted, http=http, generation=generation)

    def converge(self, wanted: ConvergeService) -> None:
        converge_service(
            wanted,
            engine=self.engine,
            reporter=Patient(),
            secrets={},
            instance=self.instance,
            job=f"job{wanted.generation:07d}",
            prober=NetworkProber(),
            edge=self.bench.edge,
            files=Folders(),
        )

    def traffic(self, *, path: str = "/") -> list[Load]:
        doors = self.bench.doors
        assert doors is not None
        return [
            Load(address=doors.address, port=doors.http, host=SHOP, path=path, rate=RATE, keep_alive=kept)
            for kept in (True, False)
        ]


@pytest.fixture
def shop(caddy: EdgeBench, tmp_path: Path) -> Iterator[Shop]:
    with engine_address() as address:
        engine = DockerEngine(address=address)
        made = Shop(engine=engine, bench=caddy, image=base_image(engine, tmp_path))
        try:
            yield made
        finally:
            for container in engine.list_managed(instance=made.instance):
                engine.remove(container.container_id)
            engine.remove_network(network_for(order("")), instance=made.instance)
            engine.close()


def expect_none_lost(counts: list[Count], *, at_least: int) -> None:
    for count in counts:
        assert Counter(count.lost) == {}
        assert len(count.seconds) == count.sent
    assert sum(count.sent for count in counts) >= at_least


def test_rollouts_a_rollback_and_scaling_lose_no_request(shop: Shop) -> None:
    shop.converge(shop.order(1, generation=1))
    with traffic(*shop.traffic()) as counts:
        for generation in (2, 3, 4):
            time.sleep(QUIET_SECONDS)
            shop.converge(shop.order(generation, generation=generation))
        time.sleep(QUIET_SECONDS)
        shop.converge(shop.order(3, generation=5))
        shop.converge(shop.order(3, generation=6, replicas=3))
        shop.converge(shop.order(3, generation=7, replicas=1))
        time.sleep(QUIET_SECONDS)
    expect_none_lost(counts, at_least=1000)
    for count in counts:
        assert set(count.bodies) == {"r1", "r2", "r3", "r4"}


def test_a_release_that_fails_loses_no_request(shop: Shop) -> None:
    shop.converge(shop.order(1, generation=1))
    with traffic(*shop.traffic()) as counts:
        time.sleep(QUIET_SECONDS)
        with pytest.raises(ProcedureError):
            shop.converge(shop.order(2, generation=2, serve="exit 3"))
        time.sleep(QUIET_SECONDS)
    expect_none_lost(counts, at_least=200)
    for count in counts:
        assert set(count.bodies) == {"r1"}
