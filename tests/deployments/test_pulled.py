"""What was pushed runs on hosts that did not build it: they are told where to fetch it, and with what to sign in."""

import msgspec
import pytest

from runtime.contract.orders import ConvergeService, Login, PullFrom
from runtime.contract.reports import Finish, ImageResult, Pushed
from tests.deployments.rig import Harbour, digest
from webapp.deployments import services
from webapp.deployments.models import Deployment
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.images.services import request_build, set_destinations
from webapp.ingest import revealing
from webapp.jobs.models import Job
from webapp.problems import Unplannable
from webapp.registries.models import Registry
from webapp.registries.services import add_registry, remove_registry

pytestmark = pytest.mark.thorough

CANARY = "canary-c0de-pw"
MANIFEST = digest(4242)


@pytest.fixture
def registry(harbour: Harbour) -> Registry:
    cast = harbour.cast
    return add_registry(
        actor=cast.actor("operator"), team=cast.team, url="r.example.org", username="robot", password=CANARY
    )


def pushed(harbour: Harbour, registry: Registry) -> Build:
    developer = harbour.cast.actor("developer")
    set_destinations(actor=developer, image=harbour.image, push=[{"registry": registry.id}])
    build = request_build(actor=developer, image=harbour.image)
    said = (Pushed(push=build.pushes.get().id, tags=("1",), digest=MANIFEST),)
    result = ImageResult(image_id=digest(8), digest=MANIFEST, size=9, layers=[], pushed=said)
    harbour.play(build.job, Finish(state="succeeded", last_line=0, result=result))
    return Build.objects.get(id=build.id)


def elsewhere(harbour: Harbour) -> Host:
    """The environment's only host is another one than that which builds."""
    harbour.cast.dev.hosts.clear()
    return harbour.host("far", harbour.cast.dev)


def deploy(harbour: Harbour, build: Build) -> Deployment:
    return services.deploy(
        actor=harbour.cast.actor("developer"), service=harbour.service, environment=harbour.cast.dev, build=build
    )


def test_a_pushed_build_runs_on_a_host_that_did_not_build_it(harbour: Harbour, registry: Registry) -> None:
    build, far = pushed(harbour, registry), elsewhere(harbour)
    assert build.host != far
    job = harbour.next_job(deploy(harbour, build))
    assert job is not None and job.host == far
    order = msgspec.convert(job.order, type=ConvergeService)
    secret = f"registry/{registry.id}"
    login = Login(registry="r.example.org", username="robot", secret=secret)
    assert order.pull == (PullFrom(reference=f"r.example.org/front@{MANIFEST}", login=login),)
    assert order.spec.image == digest(8) and order.name == Job.objects.get(id=build.job_id).order["tag"]
    assert revealing.secrets_for(job) == {secret: CANARY} and CANARY not in str(job.order)


def test_a_build_that_no_registry_holds_runs_where_it_is(harbour: Harbour, registry: Registry) -> None:
    build = harbour.built()
    elsewhere(harbour)
    with pytest.raises(Unplannable) as refused:
        deploy(harbour, build)
    assert "no registry does" in refused.value.reasons[0]


def test_a_registry_that_was_forgotten_gives_nothing(harbour: Harbour, registry: Registry) -> None:
    build = pushed(harbour, registry)
    elsewhere(harbour)
    remove_registry(actor=harbour.cast.actor("operator"), registry=registry)
    with pytest.raises(Unplannable):
        deploy(harbour, build)


def test_an_order_that_takes_everything_away_fetches_nothing(harbour: Harbour, registry: Registry) -> None:
    build = pushed(harbour, registry)
    harbour.carry_out(deploy(harbour, build))
    cast = harbour.cast
    services.delete_service(actor=cast.actor("developer"), service=harbour.service)
    job = Job.objects.get(kind="converge_service", state="queued")
    assert not job.order["replicas"] and "pull" not in job.order and job.secrets == {}
