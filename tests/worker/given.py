"""Orders, jobs and containers to begin a test with."""

import secrets

import msgspec

from runtime.contract import names
from runtime.contract.container import ContainerSpec, Health
from runtime.contract.orders import BuildImage, ConvergeService, ReplicaSpec
from runtime.contract.source import InlineSource
from runtime.engine.fake import FakeEngine
from runtime.engine.values import ContainerPlan
from tests.worker.fake_control_plane import INSTANCE, FakeControlPlane, FakeJob

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
SERVICE = "01serv00000000000000000000"
ENVIRONMENT = "01env000000000000000000000"


def new_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(26))


def build_order(*run: str) -> BuildImage:
    """A build whose steps run these commands."""
    dockerfile = "FROM base:1\n" + "".join(f"RUN {command}\n" for command in run)
    return BuildImage(
        build=new_id(), number=1, tag=f"slipway/test:{new_id()}", source=InlineSource(dockerfile=dockerfile)
    )


def converge_order(*replicas: str, image: str, command: tuple[str, ...] = ("sleep", "3600")) -> ConvergeService:
    return ConvergeService(
        deployment=None,
        project=new_id(),
        service=SERVICE,
        service_slug="front",
        environment=ENVIRONMENT,
        environment_slug="dev",
        release=new_id(),
        generation=1,
        spec=ContainerSpec(image=image, command=command, secrets={"PASSWORD": "password"}),
        replicas=tuple(ReplicaSpec(replica=one, index=at, log=new_id()) for at, one in enumerate(replicas)),
    )


def add_job(
    control_plane: FakeControlPlane, order: BuildImage | ConvergeService, *, secrets: dict[str, str] | None = None
) -> str:
    """A queued job; its id."""
    job = new_id()
    control_plane.jobs[job] = FakeJob(order=order, log=new_id(), secrets=secrets or {})
    return job


def run_container(
    engine: FakeEngine,
    *,
    log: str,
    replica: str | None = None,
    command: tuple[str, ...] = (),
    health: Health | None = None,
) -> str:
    """A running container with Slipway's labels; its id."""
    labels = {
        names.LABEL_INSTANCE: INSTANCE,
        names.LABEL_REPLICA: replica or new_id(),
        names.LABEL_SERVICE: SERVICE,
        names.LABEL_ENVIRONMENT: ENVIRONMENT,
        names.LABEL_RELEASE: new_id(),
        names.LABEL_GENERATION: "1",
        names.LABEL_INDEX: "0",
        names.LABEL_LOG: log,
    }
    if health is not None:
        labels[names.LABEL_HEALTH] = msgspec.json.encode(health).decode()
    engine.ensure_network("net", labels={names.LABEL_INSTANCE: INSTANCE})
    container = engine.create(
        ContainerPlan(
            name=f"slipway-{new_id()}",
            spec=ContainerSpec(image="base:1", command=command or ("sleep", "3600")),
            variables={},
            labels=labels,
            network="net",
            alias="front",
        )
    )
    engine.start(container)
    return container
