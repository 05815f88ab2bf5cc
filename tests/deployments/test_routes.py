"""Names belong to one: checked against the database when a plan is made, and the order carries them to hosts."""

from typing import Any

import msgspec
import pytest

from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Finish, ImageResult
from runtime.contract.routes import Http, Route
from tests.deployments.rig import Harbour, digest
from webapp.deployments import services
from webapp.deployments.models import Deployment, Service
from webapp.environments.models import Environment
from webapp.environments.services import create_environment
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.images.services import define_image, request_build
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Unplannable
from webapp.teams.models import Project
from webapp.teams.policy import SYSTEM

pytestmark = pytest.mark.thorough

EDGE = {"address": "127.0.0.1", "http": 80, "https": 443, "answers": True}


def give_edges() -> None:
    for host in Host.objects.all():
        Host.objects.filter(id=host.id).update(facts={**(host.facts or {}), "edge": EDGE})


def reached(harbour: Harbour, *names: str, service: Service | None = None, **more: Any) -> None:
    routes = [{"host": name.partition("/")[0], "path": f"/{name.partition('/')[2]}"} for name in names]
    services.change_service(
        actor=SYSTEM,
        service=service or harbour.service,
        settings={"http": {"port": 8080, "routes": routes, **more}},
    )
    (service or harbour.service).refresh_from_db()


def deploy(harbour: Harbour, service: Service | None = None, environment: Environment | None = None) -> Deployment:
    service = service or harbour.service
    return services.deploy(
        actor=SYSTEM,
        service=service,
        environment=environment or harbour.cast.dev,
        build=built(harbour, service),
    )


def built(harbour: Harbour, service: Service) -> Build:
    """A build of its image, whosever it is."""
    build = request_build(actor=SYSTEM, image=service.image)
    identity = digest(1000 + Build.objects.count())
    result = ImageResult(image_id=identity, digest=None, size=1, layers=[], builder="buildx")
    harbour.play(build.job, Finish(state="succeeded", last_line=0, result=result))
    return Build.objects.get(id=build.id)


def another(harbour: Harbour, project: Project, slug: str) -> Service:
    source = {"kind": "dockerfile", "dockerfile": "FROM scratch\n", "files": {}}
    image = define_image(actor=SYSTEM, project=project, slug=slug, source=source)
    return services.define_service(actor=SYSTEM, project=project, slug=slug, image=image)


def order_of(deployment: Deployment) -> ConvergeService:
    job = Job.objects.get(deployment_job__deployment=deployment)
    return msgspec.convert(job.order, type=ConvergeService)


def test_the_order_says_how_the_service_is_reached(harbour: Harbour) -> None:
    give_edges()
    reached(harbour, "shop.example.com", "*.example.com/api", tls="internal", drain=5)
    assert order_of(deploy(harbour)).http == Http(
        port=8080,
        routes=(Route(host="shop.example.com"), Route(host="*.example.com", path="/api")),
        tls="internal",
        drain=5,
    )


def test_without_routes_the_order_says_nothing_of_them(harbour: Harbour) -> None:
    assert order_of(deploy(harbour)).http is None


def test_a_host_without_an_edge_cannot_serve_names(harbour: Harbour) -> None:
    reached(harbour, "shop.example.com")
    with pytest.raises(Unplannable) as refused:
        deploy(harbour)
    assert "no edge proxy, by which shop.example.com" in refused.value.reasons[0]


def test_a_route_that_a_service_of_the_team_has_is_refused_by_its_name(harbour: Harbour) -> None:
    give_edges()
    reached(harbour, "shop.example.com", "shop.example.com/api")
    deploy(harbour)
    other = another(harbour, harbour.cast.project, "other")
    reached(harbour, "shop.example.com/API", service=other)
    with pytest.raises(Conflicting, match=r"shop\.example\.com/API on host local is served by front in dev"):
        deploy(harbour, other)
    reached(harbour, "shop.example.com/other", service=other)
    assert deploy(harbour, other).state == "queued"


def test_one_name_has_one_way_of_tls(harbour: Harbour) -> None:
    give_edges()
    reached(harbour, "shop.example.com")
    deploy(harbour)
    other = another(harbour, harbour.cast.project, "other")
    reached(harbour, "shop.example.com/other", service=other, tls="internal")
    with pytest.raises(Conflicting, match="with TLS off by front in dev"):
        deploy(harbour, other)


@pytest.mark.parametrize("name", ["shop.example.com", "shop.example.com/deeper", "*.example.com"])
def test_a_name_is_one_team_s_alone_and_its_service_is_not_told(harbour: Harbour, name: str) -> None:
    cast = harbour.cast
    give_edges()
    reached(harbour, "shop.example.com")
    deploy(harbour)
    host = cast.dev.hosts.get()
    theirs = create_environment(actor=SYSTEM, project=cast.foreign_project, slug="abroad", rank=77, hosts=[host])
    stranger = another(harbour, cast.foreign_project, "stranger")
    reached(harbour, name, service=stranger)
    with pytest.raises(Conflicting, match="another team's on host local") as refused:
        deploy(harbour, stranger, theirs)
    assert "front" not in str(refused.value)


def test_on_other_hosts_the_name_is_free(harbour: Harbour) -> None:
    cast = harbour.cast
    give_edges()
    reached(harbour, "shop.example.com")
    deploy(harbour)
    elsewhere = create_environment(actor=SYSTEM, project=cast.project, slug="elsewhere", rank=78)
    far = harbour.host("far", elsewhere)
    give_edges()
    build = harbour.built(host=far)
    made = services.deploy(actor=SYSTEM, service=harbour.service, environment=elsewhere, build=build)
    assert made.state == "queued"


def test_the_same_service_may_change_how_it_is_reached(harbour: Harbour) -> None:
    give_edges()
    reached(harbour, "shop.example.com")
    harbour.carry_out(deploy(harbour))
    reached(harbour, "shop.example.com", "www.example.com")
    made = deploy(harbour)
    http = order_of(made).http
    assert http is not None and len(http.routes) == 2


def test_the_doors_of_the_edge_are_no_service_s_ports(harbour: Harbour) -> None:
    give_edges()
    Host.objects.update(facts={"edge": {**EDGE, "http": 8088}})
    services.change_service(
        actor=SYSTEM, service=harbour.service, settings={"ports": [{"container": 80, "host": 8088}]}
    )
    harbour.service.refresh_from_db()
    with pytest.raises(Conflicting, match="Port 8088/tcp of host local is held by its edge proxy"):
        deploy(harbour)
