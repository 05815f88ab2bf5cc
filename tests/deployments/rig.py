"""A project with an image, a service and a host that does what it is told, up to the contract's words."""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import pytest
from django.utils.timezone import now

from runtime.contract.link import ContainerFacts, Snapshot
from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Finish, ImageResult, Layer, Problem, Progress, ReplicaResult, ServiceResult
from tests.cast import Cast, make_ready
from webapp.deployments import services
from webapp.deployments.models import Deployment, Replica, Service
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.hosts.services import enroll
from webapp.images.models import Build, Image
from webapp.images.services import define_image, request_build
from webapp.ingest import owners
from webapp.jobs import dispatch
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.teams.policy import SYSTEM

SOURCE: dict[str, Any] = {"kind": "dockerfile", "dockerfile": "FROM slipway/busybox:1\nCMD httpd -f", "files": {}}
UNHEALTHY = Problem(code="unhealthy", whose="user", message="It did not become healthy.")


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def container(number: int) -> str:
    return f"{number:064x}"


@dataclass
class Harbour:
    """What tests of this room are played with."""

    cast: Cast
    image: Image
    service: Service
    rung: list[str] = field(default_factory=list)
    made: int = 0

    def host(self, name: str, *environments: Environment) -> Host:
        """One more ready host, in these environments."""
        host, _ = enroll(actor=SYSTEM, name=name, every_team=True)
        make_ready(host)
        for environment in environments:
            environment.hosts.add(host)
        return host

    def built(self, image: Image | None = None, *, host: Host | None = None, same_as: Build | None = None) -> Build:
        """A build that succeeded, on `host` if one is named, with the bytes of another if one is given."""
        build = request_build(actor=self.cast.actor("developer"), image=image or self.image)
        if host is not None:
            Job.objects.filter(id=build.job_id).update(host=host)
            Build.objects.filter(id=build.id).update(host=host)
        self.made += 1
        identity = same_as.config_digest if same_as is not None else digest(self.made)
        layer = Layer(instruction="RUN true", size=7)
        result = ImageResult(image_id=identity, digest=None, size=4_000_000, layers=[layer], builder="buildx")
        self.play(build.job, Finish(state="succeeded", last_line=0, result=result))
        return Build.objects.get(id=build.id)

    def play(self, job: Job, finish: Finish) -> Job:
        """The host claims the job, says that it runs, and finishes it so."""
        claimed = self.claim(job)
        progress = Progress(state="running", phase="rolling")
        jobs.progress(job=claimed, progress=progress, now=now())
        owners.job_changed(claimed, progress=progress)
        self.finish(claimed, finish)
        return claimed

    def finish(self, claimed: Job, finish: Finish) -> None:
        jobs.finish(job=claimed, finish=finish, now=now())
        owners.job_changed(claimed, finish=finish)

    def claim(self, job: Job) -> Job:
        host = Job.objects.get(id=job.id).host
        claimed = jobs.claim(host=host, job_id=job.id, now=now())
        assert claimed is not None, f"job {job.id} cannot be claimed"
        owners.job_changed(claimed.job)
        return claimed.job

    def deployed(self, environment: Environment | None = None, build: Build | None = None) -> Deployment:
        """A deployment that succeeded, of a new build unless one is given."""
        deployment = services.deploy(
            actor=self.cast.actor("owner"),
            service=self.service,
            environment=environment or self.cast.dev,
            build=build or self.built(),
        )
        return self.carry_out(deployment)

    def carry_out(self, deployment: Deployment) -> Deployment:
        """Every host does what it is told."""
        while job := self.next_job(deployment):
            self.succeed(job)
        return Deployment.objects.get(id=deployment.id)

    def next_job(self, deployment: Deployment) -> Job | None:
        waiting = Job.objects.filter(deployment_job__deployment=deployment, state="queued")
        return waiting.select_related("host").first()

    def succeed(self, job: Job) -> None:
        """The host converges: every wanted replica has a healthy (or stopped) container."""
        self.play(job, Finish(state="succeeded", last_line=0, result=ServiceResult(replicas=self.results(job))))

    def fail(self, job: Job, *, reverted: bool = False, state: Literal["failed", "cancelled"] = "failed") -> None:
        problem = UNHEALTHY if state == "failed" else None
        result = ServiceResult(replicas=[], reverted=reverted)
        self.play(job, Finish(state=state, last_line=0, result=result, problem=problem))

    def results(self, job: Job) -> list[ReplicaResult]:
        order: ConvergeService = msgspec.convert(job.order, type=ConvergeService)
        known = dict(Replica.objects.filter(host=job.host_id).exclude(container="").values_list("id", "container"))
        found = []
        for wanted in order.replicas:
            self.made += 1
            found.append(
                ReplicaResult(
                    replica=wanted.replica,
                    container=known.get(wanted.replica) or container(self.made),
                    state="healthy" if wanted.desired == "running" else "stopped",
                )
            )
        return found

    def replicas(self, environment: Environment | None = None) -> list[Replica]:
        """The wanted ones."""
        rows = Replica.objects.wanted().filter(service=self.service, environment=environment or self.cast.dev)
        return list(rows.order_by("index"))


def facts(replica: Replica, state: Any = "healthy", **more: Any) -> ContainerFacts:
    """What an agent says of this replica's container."""
    given = {
        "container": replica.container or container(999),
        "replica": replica.id,
        "service": replica.service_id,
        "environment": replica.environment_id,
        "release": replica.release_id,
        "generation": replica.generation,
        "index": replica.index,
        "log": replica.log_id,
        "state": state,
    }
    return ContainerFacts(**{**given, **more})


def snapshot(*containers: ContainerFacts, engine: bool = True) -> Snapshot:
    return Snapshot(clock_ns=0, containers=list(containers), engine=engine)


@pytest.fixture
def harbour(cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Harbour:
    developer = cast.actor("developer")
    image = define_image(actor=developer, project=cast.project, slug="front", source=SOURCE)
    service = services.define_service(
        actor=developer, project=cast.project, slug="front", image=image, settings={"replicas": 2}
    )
    made = Harbour(cast=cast, image=image, service=service)
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: made.rung.append(job_id))
    return made
