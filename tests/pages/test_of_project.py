"""The places of a project: few tabs, each page under one of them; its images and its history as lists."""

import re

import pytest
from django.urls import reverse

from tests.cast import ROLES, Cast
from tests.deployments.rig import Harbour
from tests.pages.reading import get
from webapp.deployments import services
from webapp.images.models import Image
from webapp.images.services import define_image
from webapp.pages.of_project import ENTRIES, PAGES

pytestmark = pytest.mark.thorough

CURRENT = re.compile(r'<li><a href="([^"]+)" aria-current="(\w+)">([^<]+)</a>')


def test_a_project_has_at_most_seven_entries() -> None:
    assert len(ENTRIES) <= 7 and len({page.name for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_every_page_marks_its_entry_and_itself(cast: Cast, name: str) -> None:
    html = get(cast.client("owner"), reverse(name, args=[cast.project.id]))
    entry = next(entry for entry in ENTRIES if name in [page.name for page in entry.pages])
    marked = CURRENT.findall(html)
    assert [text for _, how, text in marked if how == "true"] == ([entry.title] if len(entry.pages) > 1 else [])
    assert [path for path, how, _ in marked if how == "page"] == [reverse(name, args=[cast.project.id])]


@pytest.mark.parametrize("who", ROLES)
def test_images_stand_with_where_they_come_from_and_their_newest_build(harbour: Harbour, who: str) -> None:
    cast, image = harbour.cast, harbour.service.image
    harbour.built()
    newest = harbour.built()
    source = {"kind": "git", "url": "https://git.example.org/a/b", "ref": "main"}
    define_image(actor=cast.actor("owner"), project=cast.project, slug="shop", source=source, build={})
    html = get(cast.client(who), reverse("images", args=[cast.project.id]))
    assert "https://git.example.org/a/b main" in html and "none yet" in html
    assert f">build {newest.number}</a>" in html and f">build {newest.number - 1}</a>" not in html
    assert (reverse("image_build", args=[image.id]) in html) == (who != "viewer")
    assert (reverse("image_new", args=[cast.project.id]) in html) == (who != "viewer")


def test_a_project_without_images_says_what_one_is(cast: Cast) -> None:
    assert not Image.objects.exists()
    assert "Define the first image" in get(cast.client("developer"), reverse("images", args=[cast.project.id]))
    assert "can define one" in get(cast.client("viewer"), reverse("images", args=[cast.project.id]))


def test_deployments_are_filtered_by_what_they_were_of_and_where(harbour: Harbour) -> None:
    cast, page = harbour.cast, reverse("deployments", args=[harbour.cast.project.id])
    assert "Nothing was deployed yet" in get(cast.client("viewer"), page)
    done = harbour.deployed()
    waiting = services.deploy(
        actor=cast.actor("operator"), service=harbour.service, environment=cast.production, build=done.release.build
    )
    rows = {row.id: reverse("deployment", args=[row.id]) for row in (done, waiting)}
    html = get(cast.client("viewer"), page)
    assert all(path in html for path in rows.values())
    for query, kept, left in (
        (f"environment={cast.dev.id}", done, waiting),
        ("state=awaiting_approval", waiting, done),
        (f"service={harbour.service.id}&state=succeeded", done, waiting),
    ):
        html = get(cast.client("viewer"), f"{page}?{query}")
        assert rows[kept.id] in html and rows[left.id] not in html
    assert "Nothing fits these filters" in get(cast.client("viewer"), f"{page}?state=failed")
    assert cast.client("viewer").get(f"{page}?state=nowhere").status_code == 400
