"""The two procedures on a real Docker Engine, from a Dockerfile to a container that serves and back."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from runtime.contract.container import Health, Port
from runtime.contract.names import BASE_IMAGE
from runtime.contract.orders import BuildImage, ConvergeService
from runtime.contract.reports import ServiceResult
from runtime.contract.source import InlineSource
from runtime.edge.none import NoEdge
from runtime.engine.docker import DockerEngine
from runtime.health import NetworkProber
from runtime.procedures.build_image import build_image
from runtime.procedures.converge_plan import network_for
from runtime.procedures.converge_service import converge_service
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.redaction import Secret
from tests.engine.dockerd import engine_address
from tests.procedures.rig import INSTANCE, Folders, Lived, Told, order, with_spec

pytestmark = pytest.mark.engine

SERVER = f"""FROM {BASE_IMAGE}
COPY serve /serve
CMD ["/serve"]
"""
SERVE = "#!/bin/sh\necho serving as $NAME\nexec nc -ll -p 8080 -e cat\n"
HEALTH = Health(kind="tcp", port=8080, deadline=20.0, minimum_healthy=0.2)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with engine_address() as found:
        yield found


@pytest.fixture(params=["buildkit", "classic"])
def engine(request: pytest.FixtureRequest, address: str) -> Iterator[DockerEngine]:
    made = DockerEngine(address=address, clis=None if request.param == "buildkit" else [])
    yield made
    made.close()


@pytest.fixture
def instance(engine: DockerEngine) -> Iterator[str]:
    name = f"test{uuid.uuid4().hex[:12]}"
    yield name
    containers = engine.list_managed(instance=name)
    for container in containers:
        engine.remove(container.container_id)
    engine.remove_network(network_for(order("")), instance=name)


def build(engine: DockerEngine, workdir: Path, told: Told, *, dockerfile: str = SERVER) -> str:
    unique = uuid.uuid4().hex[:8]
    wanted = BuildImage(
        build=unique,
        number=1,
        tag=f"slipway-test/{unique}:1",
        source=InlineSource(dockerfile=dockerfile, files={"serve": SERVE}),
        timeout=120,
    )
    return build_image(wanted, engine=engine, reporter=told, secrets={}, workdir=workdir, instance=INSTANCE).image_id


def test_from_a_dockerfile_to_a_service_rolled_forward_and_taken_back(
    engine: DockerEngine, instance: str, tmp_path: Path
) -> None:
    image = build(engine, tmp_path, Told())

    def converge(generation: int, **changes: object) -> tuple[ServiceResult, Told]:
        wanted = with_spec(
            order(image, generation=generation, replicas=2),
            command=(),
            health=HEALTH,
            ports=(Port(container=8080),),
            secrets={"NAME": "name"},
            stop_timeout=1,
        )
        told = Told()
        result = converge_service(
            with_spec(wanted, **changes),
            engine=engine,
            reporter=told,
            secrets={"name": Secret("captain")},
            instance=instance,
            job=f"job{generation:07d}",
            prober=NetworkProber(),
            edge=NoEdge(),
            files=Folders(),
        )
        return result, told

    first, _ = converge(1)
    assert [replica.state for replica in first.replicas] == ["healthy", "healthy"]
    assert converge(1)[0] == first
    for replica in first.replicas:
        (port,) = replica.ports
        assert NetworkProber().tcp(port.address, port.host, timeout=5.0) is None
    second, _ = converge(2)
    assert len(engine.list_managed(instance=instance)) == 2
    assert {one.container for one in second.replicas}.isdisjoint({one.container for one in first.replicas})
    with pytest.raises(ProcedureError) as caught:
        converge(3, command=("sh", "-c", "echo $NAME is lost; exit 5"))
    assert caught.value.problem.evidence == ["•••••• is lost"]
    assert isinstance(caught.value.result, ServiceResult)
    assert caught.value.result.reverted
    running = [one.container_id for one in engine.list_managed(instance=instance) if one.status == "running"]
    assert set(running) == {replica.container for replica in second.replicas}


def test_a_restart_keeps_the_container_and_happens_once(engine: DockerEngine, instance: str, tmp_path: Path) -> None:
    wanted = with_spec(order(build(engine, tmp_path, Told())), command=(), health=HEALTH, stop_timeout=0)
    again = msgspec.structs.replace(wanted, restart=(wanted.replicas[0].replica,))
    starts = []
    for job, asked in (("job0000001", wanted), ("job0000002", again), ("job0000002", again)):
        converge_service(
            asked,
            engine=engine,
            reporter=Lived(),
            secrets={},
            instance=instance,
            job=job,
            prober=NetworkProber(),
            edge=NoEdge(),
            files=Folders(),
        )
        (container,) = engine.list_managed(instance=instance)
        starts.append(container.started_ns)
    assert starts[0] != starts[1] == starts[2]


def test_a_build_is_cancelled_and_leaves_nothing(engine: DockerEngine, tmp_path: Path) -> None:
    told = Told(stop_at_step="RUN sleep")
    with pytest.raises(Cancelled):
        build(engine, tmp_path, told, dockerfile=f"FROM {BASE_IMAGE}\nRUN sleep 97531\n")
    assert list(tmp_path.iterdir()) == []


CHECKED = f"""FROM {BASE_IMAGE}
COPY serve /serve
HEALTHCHECK --interval=1s --timeout=20s --retries=1 CMD test -e /ready
CMD ["/serve"]
"""


def converged(wanted: ConvergeService, engine: DockerEngine, instance: str, job: str) -> ServiceResult:
    return converge_service(
        wanted,
        engine=engine,
        reporter=Lived(),
        secrets={},
        instance=instance,
        job=job,
        prober=NetworkProber(),
        edge=NoEdge(),
        files=Folders(),
    )


def running(engine: DockerEngine, instance: str) -> list[str]:
    up = [one.labels["slipway.release"] for one in engine.list_managed(instance=instance) if one.status == "running"]
    return sorted(up)


def test_the_images_own_check_decides(engine: DockerEngine, instance: str, tmp_path: Path) -> None:
    image = build(engine, tmp_path, Told(), dockerfile=CHECKED)
    well = ("sh", "-c", "touch /ready; exec sleep 300")
    wanted = with_spec(order(image), health=Health(kind="image", deadline=90.0), stop_timeout=0, command=well)
    converged(wanted, engine, instance, "job0000001")
    (container,) = engine.list_managed(instance=instance)
    assert container.health == "healthy"
    never = with_spec(
        order(image, generation=2), health=Health(kind="image", deadline=4.0), stop_timeout=0, command=("sleep", "300")
    )
    with pytest.raises(ProcedureError) as refused:
        converged(never, engine, instance, "job0000002")
    assert "its check says" in refused.value.problem.message and running(engine, instance) == ["r1"]


def test_a_whole_set_is_proved_beside_the_old_one_and_then_it_switches(
    engine: DockerEngine, instance: str, tmp_path: Path
) -> None:
    image = build(engine, tmp_path, Told())

    def wanted(generation: int, **more: object) -> ConvergeService:
        asked = order(image, generation=generation, replicas=2, **more)
        return with_spec(asked, command=(), health=HEALTH, stop_timeout=0)

    converged(wanted(1), engine, instance, "job0000001")
    converged(wanted(2, surge=2, until="proved"), engine, instance, "job0000002")
    assert running(engine, instance) == ["r1", "r1", "r2", "r2"]
    converged(wanted(2, surge=2), engine, instance, "job0000003")
    assert running(engine, instance) == ["r2", "r2"]
    converged(wanted(3, start_first=False, unavailable=2, until="stopped"), engine, instance, "job0000004")
    assert running(engine, instance) == [] and len(engine.list_managed(instance=instance)) == 2
    converged(wanted(3, start_first=False, unavailable=2), engine, instance, "job0000005")
    assert running(engine, instance) == ["r3", "r3"]
