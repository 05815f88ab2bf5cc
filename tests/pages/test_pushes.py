"""Where builds go: said in rows of boxes, shown on the build's page, pushed again by a button."""

import html
import re
from typing import Any

import pytest

from runtime.contract.reports import Finish, ImageResult, Problem, Pushed
from tests.deployments.rig import Harbour, digest
from webapp.images.models import Build
from webapp.images.services import request_build, set_destinations
from webapp.registries.models import Registry

pytestmark = pytest.mark.thorough

TAG = re.compile(r"<[^>]*>")
MANIFEST = digest(99)
REFUSED = Problem(code="registry_refused", whose="user", message="unauthorized", advice="Check user and password.")


def text_of(page: Any) -> str:
    """What stands there, without its markup."""
    return " ".join(html.unescape(TAG.sub(" ", page.content.decode())).split())


def registries(harbour: Harbour) -> tuple[Registry, Registry]:
    team = harbour.cast.team
    main = Registry.objects.create(team=team, address="r.example.org", prefix="shop")
    return main, Registry.objects.create(team=team, address="m.example.org")


def half_pushed(harbour: Harbour) -> Build:
    developer = harbour.cast.actor("developer")
    push: list[dict[str, Any]] = [{"registry": registry.id} for registry in registries(harbour)]
    push[0]["tags"] = ["{number}", "{version}"]
    set_destinations(actor=developer, image=harbour.image, push=push)
    build = request_build(actor=developer, image=harbour.image)
    first, second = build.pushes.order_by("-primary")
    pushed = (
        Pushed(push=first.id, tags=("1",), left_out={"{version}": "The build is not of a Git tag."}, digest=MANIFEST),
        Pushed(push=second.id, problem=REFUSED),
    )
    result = ImageResult(image_id=digest(5), digest=MANIFEST, size=9, layers=[], pushed=pushed)
    harbour.play(build.job, Finish(state="succeeded", last_line=0, result=result))
    return Build.objects.get(id=build.id)


def test_destinations_are_typed_in_rows_and_what_is_wrong_is_said_at_its_row(harbour: Harbour) -> None:
    main, mirror = registries(harbour)
    client, address = harbour.cast.client("developer"), f"/images/{harbour.image.id}/push/"
    assert client.post(address, {"registry_0": main.id, "tags_0": "{number} latest"}).status_code == 302
    page = client.get(address)
    assert "shop/front" in page.content.decode() and "Mirror 1" in text_of(page)
    given = {"registry_0": "", "registry_1": mirror.id, "repository_1": "Not/Lower", "tags_1": ""}
    refused = client.post(address, given)
    assert refused.status_code == 400 and refused.context["form"].errors.keys() == {"repository_1"}
    given["repository_1"] = ""
    assert client.post(address, given).status_code == 302
    assert [row.name for row in harbour.image.destinations.all()] == ["m.example.org/front"]
    assert "m.example.org/front" in text_of(client.get(f"/images/{harbour.image.id}/"))


def test_without_a_registry_the_page_says_what_comes_first(harbour: Harbour) -> None:
    for where in (f"/images/{harbour.image.id}/push/", f"/builds/{harbour.built().id}/push/"):
        assert "No registry yet" in text_of(harbour.cast.client("developer").get(where))


def test_a_build_shows_what_pulls_it_what_was_left_out_and_what_failed(harbour: Harbour) -> None:
    build = half_pushed(harbour)
    page = text_of(harbour.cast.client("viewer").get(f"/builds/{build.id}/"))
    assert f"docker pull r.example.org/shop/front@{MANIFEST}" in page
    assert "{version} is left out: The build is not of a Git tag." in page
    assert "unauthorized" in page and "Check user and password." in page and "Push again" not in page


def test_a_mirror_is_pushed_again_by_a_button(harbour: Harbour) -> None:
    build, client = half_pushed(harbour), harbour.cast.client("developer")
    failed = build.pushes.get(state="failed")
    assert "Push again" in text_of(client.get(f"/builds/{build.id}/"))
    assert client.post(f"/pushes/{failed.id}/retry/").status_code == 302
    page = text_of(client.get(f"/builds/{build.id}/now/"))
    assert "m.example.org/front queued" in page and "unauthorized" not in page
    assert client.post(f"/pushes/{failed.id}/retry/").status_code == 409
