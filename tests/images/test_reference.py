"""Images that a registry holds already: which names are lawful, who signs in, and what a build of one is."""

from typing import Any

import msgspec
import pytest
from pytest_django.fixtures import Settings

from runtime.contract.orders import PullImage
from runtime.contract.reports import Finish, ImageResult, Layer
from tests.deployments.rig import Harbour, digest
from tests.images.given import an_image
from webapp.deployments import services as deployments
from webapp.deployments.models import Release
from webapp.hosts.models import Host
from webapp.images.models import Build, Image
from webapp.images.pulled import pulled
from webapp.images.services import change_image, define_image, request_build, retry_build
from webapp.ingest.revealing import secrets_for
from webapp.jobs.models import Job
from webapp.problems import Forbidden, Invalid
from webapp.registries.services import add_registry
from webapp.teams.policy import SYSTEM

pytestmark = pytest.mark.thorough

HOST = "registry.example.org"
PASSWORD = "canary-71aa-password"
MANIFEST = "sha256:" + "a" * 64


def source(reference: str) -> dict[str, Any]:
    return {"kind": "reference", "reference": reference}


def defined(harbour: Harbour, reference: str = f"{HOST}/team/app:1") -> Image:
    return an_image(harbour.cast, slug="pulled", source=source(reference))


def order_of(build: Build) -> PullImage:
    order: PullImage = msgspec.convert(Job.objects.get(id=build.job_id).order, type=PullImage)
    return order


def build(harbour: Harbour, image: Image, *, manifest: str = MANIFEST) -> Build:
    """One that the host has pulled."""
    row = request_build(actor=harbour.cast.actor("developer"), image=image)
    layers = [Layer(instruction="ADD", size=7)]
    result = ImageResult(image_id=digest(500), digest=manifest, size=7, layers=layers)
    harbour.play(row.job, Finish(state="succeeded", last_line=0, result=result))
    return Build.objects.get(id=row.id)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("  nginx ", "docker.io/library/nginx:latest"),
        (f"{HOST}:5000/a/b@{MANIFEST}", f"{HOST}:5000/a/b@{MANIFEST}"),
        (f"ghcr.io/a/b:1@{MANIFEST}", f"ghcr.io/a/b:1@{MANIFEST}"),
    ],
)
def test_a_name_is_kept_in_full(harbour: Harbour, given: str, kept: str) -> None:
    assert defined(harbour, given).source == source(kept)


@pytest.mark.parametrize(
    "reference",
    [
        "", "x;y", "../x", "a" * 500, "UPPER/case", "a:b:c", "nginx@sha256:123", "-x", "a b", "nginx:-1", "nginx\0",
        "localhost:5000/a", "127.0.0.2:5000/a", "10.0.0.1/a", "[::1]:5000/a", "[fd00::1]/a", "169.254.169.254/a",
        "registry.internal/a", "db.local/a", "0x7f.1/a", "http://registry.example.org/a",
    ],
)  # fmt: skip
def test_what_names_no_image_or_a_private_registry_is_refused(harbour: Harbour, reference: str) -> None:
    with pytest.raises(Invalid) as caught:
        defined(harbour, reference)
    assert "source.reference" in caught.value.errors


def test_an_administrator_may_allow_a_private_registry(harbour: Harbour, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = ["10.0.0.0/8", "registry.internal"]
    for reference in ("10.1.2.3:5000/a:1", "registry.internal/a:1"):
        image = an_image(harbour.cast, slug=f"i{len(reference)}", source=source(reference))
        order = order_of(request_build(actor=harbour.cast.actor("developer"), image=image))
        assert order.private == ("10.0.0.0/8", "registry.internal")


def test_what_is_not_known_of_a_reference_is_refused(harbour: Harbour) -> None:
    with pytest.raises(Invalid) as caught:
        define_image(
            actor=harbour.cast.actor("developer"),
            project=harbour.cast.project,
            slug="x",
            source={**source("nginx"), "digest": MANIFEST},
            build={"dockerfile": "Dockerfile"},
        )
    assert set(caught.value.errors) == {"source.digest", "build.dockerfile"}


def test_a_registry_that_is_not_on_the_sites_list_is_forbidden(harbour: Harbour, settings: Settings) -> None:
    image = defined(harbour)
    settings.PULLED_REGISTRIES = ["docker.io", "ghcr.io"]
    define_image(actor=SYSTEM, project=harbour.cast.project, slug="fine", source=source("nginx"))
    for act in (
        lambda: define_image(
            actor=SYSTEM, project=harbour.cast.project, slug="other", source=source(f"{HOST}/team/app:1")
        ),
        lambda: change_image(actor=SYSTEM, image=Image.objects.get(slug="fine"), source=source(f"{HOST}/a:1")),
        lambda: request_build(actor=harbour.cast.actor("developer"), image=image),
    ):
        with pytest.raises(Forbidden) as caught:
            act()
        assert caught.value.code == "registry.not_allowed" and HOST in caught.value.detail
    assert not Build.objects.filter(image=image).exists()
    sent = {"project": harbour.cast.project.id, "slug": "api", "source": source(f"{HOST}/team/app:1")}
    answer = harbour.cast.bearer("developer").post("/api/v1/images/", sent, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "registry.not_allowed")


def test_the_order_names_what_is_pulled_and_where_it_is_kept(harbour: Harbour) -> None:
    image = defined(harbour)
    row = request_build(actor=harbour.cast.actor("developer"), image=image)
    order = order_of(row)
    assert (order.build, order.number, order.reference) == (row.id, 1, f"{HOST}/team/app:1")
    assert order.tag.startswith("slipway/web/pulled:1-")
    assert (order.login, order.timeout, order.private) == (None, 3600, ("127.0.0.1",))
    job = Job.objects.get(id=row.job_id)
    assert (job.kind, job.uses_build_slot, job.secrets) == ("pull_image", True, {})


def test_the_projects_registry_signs_in_before_its_teams(harbour: Harbour) -> None:
    cast = harbour.cast
    owner = cast.actor("owner")
    teams = add_registry(actor=owner, team=cast.team, url=HOST, username="team", password="of the team")
    image = defined(harbour)
    login = order_of(request_build(actor=owner, image=image)).login
    assert login is not None and (login.username, login.secret) == ("team", f"registry/{teams.id}")
    add_registry(actor=owner, team=cast.team, project=cast.project, url=HOST, username="web", password=PASSWORD)
    row = request_build(actor=owner, image=image)
    job = Job.objects.get(id=row.job_id)
    login = order_of(row).login
    assert login is not None and login.username == "web"
    assert secrets_for(job) == {login.secret: PASSWORD}
    assert PASSWORD not in str(job.order) + str(job.secrets) + str(row.definition)


def test_another_registrys_or_another_teams_password_is_not_sent(harbour: Harbour) -> None:
    cast = harbour.cast
    add_registry(actor=cast.actor("owner"), team=cast.team, url=f"{HOST}:444", username="x", password=PASSWORD)
    stranger = cast.actor("stranger")
    add_registry(actor=stranger, team=cast.rivals, url=HOST, username="theirs", password=PASSWORD)
    assert order_of(request_build(actor=cast.actor("developer"), image=defined(harbour))).login is None


def test_a_host_without_a_builder_pulls_all_the_same(harbour: Harbour) -> None:
    image = defined(harbour)
    host = Host.objects.get(id=harbour.cast.host.id)
    host.facts = {**(host.facts or {}), "builder": "none"}
    host.save()
    assert request_build(actor=harbour.cast.actor("developer"), image=image).host_id == host.id


def test_each_build_looks_the_tag_up_anew_and_says_whether_that_is_new(harbour: Harbour) -> None:
    image = defined(harbour)
    first, second = build(harbour, image), build(harbour, image)
    third = build(harbour, image, manifest="sha256:" + "b" * 64)
    assert [row.digest for row in (first, second)] == [MANIFEST, MANIFEST]
    told = [pulled(row) for row in (first, second, third)]
    assert [one.same_as and one.same_as.number for one in told if one is not None] == [None, 1, None]
    assert told[0] is not None and told[0].reference == f"{HOST}/team/app:1"
    assert pulled(harbour.built()) is None
    again = retry_build(actor=harbour.cast.actor("developer"), build=first)
    assert order_of(again).reference == f"{HOST}/team/app:1"


def test_it_is_deployed_by_its_digest_as_any_build(harbour: Harbour) -> None:
    image = defined(harbour)
    service = deployments.define_service(
        actor=harbour.cast.actor("developer"), project=harbour.cast.project, slug="proxy", image=image, settings={}
    )
    row = build(harbour, image)
    deployment = deployments.deploy(
        actor=harbour.cast.actor("developer"), service=service, environment=harbour.cast.dev, build=row
    )
    assert harbour.carry_out(deployment).state == "succeeded"
    release = Release.objects.get(id=deployment.release_id)
    assert (release.digest, release.config_digest) == (MANIFEST, digest(500))


@pytest.mark.thorough
def test_it_is_defined_and_read_on_pages(harbour: Harbour) -> None:
    browser, project = harbour.cast.client("developer"), harbour.cast.project
    sent = {"slug": "pulled", "kind": "reference", "reference": " nginx:1.27 ", "timeout": "600"}
    answer = browser.post(f"/projects/{project.id}/images/new/", sent)
    image = Image.objects.get(slug="pulled")
    assert (answer.status_code, image.source) == (302, source("docker.io/library/nginx:1.27"))
    assert "docker.io/library/nginx:1.27" in browser.get(f"/images/{image.id}/").content.decode()
    form = browser.get(f"/images/{image.id}/definition/").content.decode()
    assert 'value="docker.io/library/nginx:1.27"' in form
    wrong = browser.post(f"/projects/{project.id}/images/new/", {**sent, "slug": "w", "reference": "10.0.0.1/a"})
    assert wrong.status_code == 400 and "private or local" in wrong.content.decode()
    build(harbour, image)
    page = browser.get(f"/builds/{build(harbour, image).id}/").content.decode()
    assert "Nothing new: the same image as" in page and ">build 1<" in page
