"""Where a browser finds what is reached by name, on pages and by the API."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tests.certificates.given import a_certificate
from tests.deployments.rig import Harbour
from tests.deployments.test_routes import EDGE, deploy, give_edges, reached
from webapp.certificates.models import Certificate
from webapp.deployments.addresses import addresses, routes_of
from webapp.deployments.models import Replica


def settings(tls: str = "off") -> dict[str, object]:
    routes = [{"host": "shop.example.com", "path": "/"}, {"host": "*.example.com", "path": "/api"}]
    return {"http": {"port": 8080, "routes": routes, "tls": tls, "drain": 10}}


def test_the_usual_ports_are_not_said_and_a_wildcard_is_no_address() -> None:
    shop, any_name = addresses(settings(), EDGE)
    assert (shop.url, shop.shown) == ("http://shop.example.com", "shop.example.com")
    assert (any_name.url, any_name.shown) == ("", "*.example.com/api")
    assert addresses(settings("own"), EDGE)[0].url == "https://shop.example.com"
    assert addresses(settings(), {**EDGE, "http": 8080})[0].url == "http://shop.example.com:8080"


def test_without_routes_or_an_edge_there_is_none() -> None:
    assert addresses({}, EDGE) == [] and addresses(settings(), None) == []


@pytest.mark.thorough
def test_board_service_replica_and_environment_link_to_it(harbour: Harbour) -> None:
    give_edges()
    reached(harbour, "shop.example.com", tls="internal")
    harbour.carry_out(deploy(harbour))
    dev, replica = harbour.cast.dev, Replica.objects.wanted().get()
    client = harbour.cast.client("viewer")
    for name, id in (
        ("board", harbour.cast.project.id),
        ("service", harbour.service.id),
        ("replica", replica.id),
        ("environment", dev.id),
    ):
        page = client.get(reverse(name, args=[id]))
        assert b'href="https://shop.example.com"' in page.content, name
    answer = harbour.cast.bearer("viewer").get(f"/api/v1/replicas/{replica.id}/")
    assert answer.json()["addresses"] == ["https://shop.example.com"]


def test_an_environment_lists_what_runs_there_by_name(harbour: Harbour) -> None:
    give_edges()
    reached(harbour, "shop.example.com/a", "b.example.com")
    deploy(harbour)
    assert [(row.slug, row.url, row.tls) for row in routes_of(harbour.cast.dev)] == [
        ("front", "http://shop.example.com/a", "off"),
        ("front", "http://b.example.com", "off"),
    ]


@pytest.mark.parametrize(
    ("days", "warning"), [(60, ""), (10, "its certificate ends on"), (-1, "its certificate ended on")]
)
def test_an_environment_warns_of_a_certificate_that_ends(harbour: Harbour, days: int, warning: str) -> None:
    give_edges()
    certificate = a_certificate(harbour.cast)
    reached(harbour, "shop.example.com", tls="own")
    deploy(harbour)
    Certificate.objects.filter(id=certificate.id).update(not_after=now() + timedelta(days=days))
    (route,) = routes_of(harbour.cast.dev)
    assert route.warning.startswith(warning) and bool(route.warning) == bool(warning)
