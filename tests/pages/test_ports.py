"""A published port is a link where a browser reaches it, and text where nobody knows."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from webapp.pages.templatetags.ports import place_of


def a_port(address: str, protocol: str = "tcp", container: int = 8080) -> dict[str, object]:
    return {"address": address, "host": 32768, "container": container, "protocol": protocol}


HERE, THERE = "127.0.0.1", "192.0.2.7"


@pytest.mark.parametrize(
    ("port", "machine", "visited", "found"),
    [
        (a_port("10.0.0.7"), THERE, "slipway.example.org", "10.0.0.7:32768"),
        (a_port("fd00::7"), THERE, "slipway.example.org", "[fd00::7]:32768"),
        (a_port("127.0.0.1"), HERE, "localhost:8000", "127.0.0.1:32768"),
        (a_port("127.0.0.1"), "", "127.0.0.1:8000", "127.0.0.1:32768"),
        (a_port("127.0.0.1"), HERE, "[::1]", "127.0.0.1:32768"),
        (a_port("127.0.0.1"), THERE, "127.0.0.1:8000", None),
        (a_port("127.0.0.1"), HERE, "slipway.example.org", None),
        (a_port("0.0.0.0"), THERE, "localhost:8000", "192.0.2.7:32768"),
        (a_port("::"), "2001:db8::7", "slipway.example.org", "[2001:db8::7]:32768"),
        (a_port("0.0.0.0"), HERE, "slipway.example.org:8000", "slipway.example.org:32768"),
        (a_port("0.0.0.0"), HERE, "", None),
        (a_port("0.0.0.0"), "", "slipway.example.org", None),
        (a_port("10.0.0.7", "udp"), THERE, "slipway.example.org", None),
        (a_port("javascript:alert(1)"), THERE, "slipway.example.org", None),
    ],
)
def test_a_port_leads_where_it_is_reached(
    port: dict[str, object], machine: str, visited: str, found: str | None
) -> None:
    assert place_of(port, machine=machine, visited=visited) == found


def test_a_port_that_is_https_by_custom_leads_there_by_https() -> None:
    page = Template("{% load ports %}{% opens port %}")
    assert 'href="https://10.0.0.7:32768/"' in page.render(Context({"port": a_port("10.0.0.7", container=443)}))


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
