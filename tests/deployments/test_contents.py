"""What the list of projects says is in each."""

from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.deployments.rig import SOURCE, Harbour
from tests.pages.reading import get
from webapp.deployments.contents import contents
from webapp.images.services import define_image
from webapp.teams.contents import Contents
from webapp.teams.services import create_project


def test_each_project_is_counted_by_itself(harbour: Harbour, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cast = harbour.cast
    define_image(actor=cast.actor("owner"), project=cast.project, slug="second", source=SOURCE)
    empty = create_project(actor=cast.actor("owner"), team=cast.team, slug="empty", name="Empty")
    with django_assert_num_queries(3):
        found = contents([cast.project, cast.foreign_project, empty])
    assert found[cast.project.id] == Contents(services=1, images=2, environments=3)
    assert found[cast.foreign_project.id] == Contents(environments=1)
    assert found[empty.id] == Contents()


def test_the_list_says_it(harbour: Harbour) -> None:
    html = " ".join(get(harbour.cast.client("viewer"), reverse("projects")).split())
    assert "1 service, 1 image, 3 environments" in html
