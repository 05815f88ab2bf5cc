"""A published port is a link where a browser reaches it, and text where nobody knows."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from webapp.pages.templatetags.ports import address_of


def a_port(address: str, protocol: str = "tcp", container: int = 8080) -> dict[str, object]:
    return {"address": address, "host": 32768, "container": container, "protocol": protocol}


@pytest.mark.parametrize(
    ("port", "visited", "found"),
    [
        (a_port("10.0.0.7"), "slipway.example.org", "http://10.0.0.7:32768/"),
        (a_port("10.0.0.7", container=443), "slipway.example.org", "https://10.0.0.7:32768/"),
        (a_port("fd00::7"), "slipway.example.org", "http://[fd00::7]:32768/"),
        (a_port("127.0.0.1"), "localhost:8000", "http://127.0.0.1:32768/"),
        (a_port("127.0.0.1"), "127.0.0.1:8000", "http://127.0.0.1:32768/"),
        (a_port("127.0.0.1"), "slipway.example.org", None),
        (a_port("0.0.0.0"), "localhost:8000", None),
        (a_port("::"), "slipway.example.org", None),
        (a_port("10.0.0.7", "udp"), "slipway.example.org", None),
        (a_port("javascript:alert(1)"), "slipway.example.org", None),
    ],
)
def test_a_port_leads_where_it_is_reached(port: dict[str, object], visited: str, found: str | None) -> None:
    assert address_of(port, visited=visited) == found


def test_it_opens_beside_and_learns_nothing_of_slipway() -> None:
    page = Template("{% load ports %}{% published port %}")
    request = RequestFactory().get("/", headers={"host": "localhost"})
    said = page.render(Context({"port": a_port("10.0.0.7"), "request": request}))
    assert '<a href="http://10.0.0.7:32768/" target="_blank" rel="noopener noreferrer"' in said
    assert "→ 8080/tcp" in said


def test_what_a_host_says_is_text() -> None:
    said = Template("{% load ports %}{% published port %}").render(Context({"port": a_port("<b>")}))
    assert "<b>" not in said


def test_the_link_alone_is_nothing_where_it_would_lead_nowhere() -> None:
    page = Template("{% load ports %}{% opens port %}")
    assert page.render(Context({"port": a_port("0.0.0.0")})) == ""
    assert page.render(Context({"port": a_port("10.0.0.7")})).endswith(">10.0.0.7:32768</a>")
