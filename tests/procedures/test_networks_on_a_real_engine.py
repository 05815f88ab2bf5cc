"""Services of one environment find each other by their short name; another environment or project reaches none."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from runtime.contract.container import Health
from runtime.contract.orders import ConvergeService
from runtime.edge.none import NoEdge
from runtime.engine.docker import DockerEngine
from runtime.health import NetworkProber
from runtime.procedures.converge_plan import network_for
from runtime.procedures.converge_service import converge_service
from runtime.procedures.ports import ProcedureError
from tests.engine.bench import base_image
from tests.engine.dockerd import engine_address
from tests.procedures.rig import INSTANCE, Folders, Lived, order

pytestmark = pytest.mark.engine

SERVE = ("sh", "-c", "while true; do echo here | nc -l -p 8080; done")
QUESTION = ("sh", "-c", "nc -w 1 web 8080 < /dev/null")
ASKS = Health(kind="command", command=QUESTION, interval=0.5, timeout=20.0, deadline=45.0, retries=100)
ASKS_SHORTLY = msgspec.structs.replace(ASKS, retries=2)


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    with engine_address() as address:
        made = DockerEngine(address=address)
        yield made
        made.close()


def service(image: str, *, slug: str, project: str, environment: str, **spec: object) -> ConvergeService:
    base = order(image)
    return msgspec.structs.replace(
        base,
        service=f"01{uuid.uuid4().hex[:24]}",
        service_slug=slug,
        project=project,
        environment=environment,
        replicas=tuple(msgspec.structs.replace(one, replica=f"01{uuid.uuid4().hex[:24]}") for one in base.replicas),
        spec=msgspec.structs.replace(base.spec, **spec),
    )


def test_only_the_same_environment_is_reached_by_name(engine: DockerEngine, tmp_path: Path) -> None:
    image = base_image(engine, tmp_path)
    project, dev, other = (f"01{uuid.uuid4().hex[:24]}" for _ in range(3))
    stranger = f"01{uuid.uuid4().hex[:24]}"
    web = service(image, slug="web", project=project, environment=dev, command=SERVE)
    near = service(image, slug="near", project=project, environment=dev, health=ASKS)
    beside = service(image, slug="beside", project=project, environment=other, health=ASKS_SHORTLY)
    far = service(image, slug="far", project=stranger, environment=stranger, health=ASKS_SHORTLY)
    assert len({network_for(one) for one in (web, near, beside, far)}) == 3

    def converge(wanted: ConvergeService) -> None:
        converge_service(
            wanted,
            engine=engine,
            reporter=Lived(),
            secrets={},
            instance=INSTANCE,
            job=uuid.uuid4().hex[:12],
            prober=NetworkProber(),
            edge=NoEdge(),
            files=Folders(),
        )

    try:
        converge(web)
        converge(near)
        for one in (beside, far):
            with pytest.raises(ProcedureError, match="unhealthy"):
                converge(one)
    finally:
        for one in (web, near, beside, far):
            converge(msgspec.structs.replace(one, replicas=(), generation=2))
