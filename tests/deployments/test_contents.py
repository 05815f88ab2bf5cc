"""What the list of projects says is in each."""

import pytest
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.deployments.rig import SOURCE, Harbour
from tests.pages.reading import get
from webapp.deployments import services
from webapp.deployments.board.contents import contents
from webapp.images.services import define_image
from webapp.jobs.models import Job
from webapp.teams.contents import Contents, PlaceNow
from webapp.teams.services import create_project

pytestmark = pytest.mark.thorough


def test_each_project_is_counted_by_itself(harbour: Harbour, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cast = harbour.cast
    define_image(actor=cast.actor("owner"), project=cast.project, slug="second", source=SOURCE)
    empty = create_project(actor=cast.actor("owner"), team=cast.team, slug="empty", name="Empty")
    with django_assert_num_queries(7):
        found = contents([cast.project, cast.foreign_project, empty])
    nothing = tuple(PlaceNow(slug) for slug in ("dev", "staging", "production"))
    assert found[cast.project.id] == Contents(services=1, images=2, environments=3, places=nothing)
    assert found[cast.foreign_project.id].environments == 1 and found[cast.foreign_project.id].services == 0
    assert found[empty.id] == Contents()


def test_the_list_says_it(harbour: Harbour) -> None:
    html = " ".join(get(harbour.cast.client("viewer"), reverse("projects")).split())
    assert "1 service, 1 image, 3 environments" in html


def places(harbour: Harbour) -> dict[str, PlaceNow]:
    return {place.environment: place for place in contents([harbour.cast.project])[harbour.cast.project.id].places}


def test_each_environment_says_what_runs_there_and_how(harbour: Harbour) -> None:
    cast, done = harbour.cast, harbour.deployed()
    assert places(harbour)["dev"] == PlaceNow("dev", "healthy", ("front build 1",))
    services.promote(actor=cast.actor("owner"), deployment=done)
    assert places(harbour)["staging"].state == "rolling"
    waiting = services.deploy(
        actor=cast.actor("operator"), service=harbour.service, environment=cast.production, build=done.release.build
    )
    assert waiting.state == "awaiting_approval"
    assert places(harbour)["production"] == PlaceNow("production", "waiting", ("front",))


def test_what_is_gravest_is_named_and_the_rest_counted(harbour: Harbour) -> None:
    done = harbour.deployed()
    other = services.define_service(
        actor=harbour.cast.actor("owner"), project=harbour.cast.project, slug="back", image=harbour.image, settings={}
    )
    failing = services.deploy(
        actor=harbour.cast.actor("owner"), service=other, environment=harbour.cast.dev, build=done.release.build
    )
    harbour.fail(Job.objects.get(deployment_job__deployment=failing))
    assert places(harbour)["dev"] == PlaceNow("dev", "failed", ("back",), others=1)


def test_what_is_broken_stands_first_in_the_list(harbour: Harbour) -> None:
    cast = harbour.cast
    create_project(actor=cast.actor("owner"), team=cast.team, slug="aaa", name="Aaa")
    client = cast.client("owner")
    titles = get(client, reverse("projects"))
    assert titles.index("Aaa") < titles.index(cast.project.name)
    harbour.deployed()
    cast.host.engine_answers = False
    cast.host.save()
    html = get(client, reverse("projects"))
    assert places(harbour)["dev"].state == "unknown"
    assert html.index(f"<h2>{cast.project.name}</h2>") < html.index("<h2>Aaa</h2>")


def test_it_costs_the_same_for_one_and_for_many(
    harbour: Harbour, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    harbour.deployed()
    more = [
        create_project(actor=harbour.cast.actor("owner"), team=harbour.cast.team, slug=f"more-{n}", name="More")
        for n in range(3)
    ]
    with django_assert_num_queries(7):
        contents([harbour.cast.project, *more])
