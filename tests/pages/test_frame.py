"""The sidebar marks where one is, on every page."""

import pytest
from django.test import RequestFactory
from django.urls import resolve

from webapp.pages.context import shell


@pytest.mark.parametrize(
    ("path", "marked", "how"),
    [
        ("/projects/", "projects", "page"),
        ("/projects/one/", "projects", "true"),
        ("/builds/one/", "projects", "true"),
        ("/replicas/one/", "projects", "true"),
        ("/ci-hooks/one/", "projects", "true"),
        ("/registries/one/", "projects", "true"),
        ("/hosts/", "hosts", "page"),
        ("/hosts/one/", "hosts", "true"),
        ("/isolation/one/", "hosts", "true"),
        ("/members/one/role/", "teams", "true"),
        ("/tokens/", "tokens", "page"),
        ("/api/v1/docs/", "api-docs", "page"),
        ("/account/", "account", "page"),
    ],
)
def test_the_present_place_is_marked_and_no_other(path: str, marked: str, how: str) -> None:
    request = RequestFactory().get(path)
    request.resolver_match = resolve(path)
    frame = shell(request)["shell"]
    assert {place.name: place.current for place in (*frame.places, frame.account) if place.current} == {marked: how}


def test_where_no_page_is_nothing_is_marked() -> None:
    frame = shell(RequestFactory().get("/nothing/"))["shell"]
    assert not any(place.current for place in (*frame.places, frame.account))
