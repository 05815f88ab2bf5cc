"""Host names, paths and TLS as people say them: one validator for every way in."""

from typing import Any

import pytest

from webapp.deployments.settings.aspects import effective
from webapp.deployments.settings.http import Http, covers, overlaps
from webapp.deployments.settings.validation import clean_service
from webapp.problems import Invalid

ROUTE = {"host": "shop.example.com", "path": "/"}
WHOLE = {"port": 8080, "routes": [ROUTE], "tls": "off", "drain": 10}


def cleaned(http: object) -> Any:
    settings, _ = clean_service(slug=None, settings={"http": http}, overrides=None, environments=frozenset())
    assert settings is not None
    return settings["http"]


def wrong(http: object) -> list[str]:
    with pytest.raises(Invalid) as refused:
        cleaned(http)
    return sorted(refused.value.errors)


def test_what_is_left_out_is_said_and_names_are_made_alike() -> None:
    assert cleaned({"port": 8080, "routes": [{"host": "Shop.Example.COM."}]}) == WHOLE
    said = {"port": 1, "routes": [{"host": "a", "path": "/api/"}], "tls": "internal", "drain": 0}
    assert cleaned(said)["routes"] == [{"host": "a", "path": "/api"}]


@pytest.mark.parametrize(
    "host", ["shop.example.com", "localhost", "shop", "*.example.com", "*.localhost", "xn--bcher-kva.example"]
)
def test_a_name_is_taken(host: str) -> None:
    assert cleaned({"port": 80, "routes": [{"host": host}]})["routes"][0]["host"] == host


@pytest.mark.parametrize(
    "host",
    [
        "", ".", "a..b", "-a.example", "a-.example", "a_b.example", "bücher.example",
        "http://a.example", "a.example:80",
        "a.example/x", "10.0.0.1", "1.2", "::1", "*", "*.com", "a.*.example.com", "*.*.example.com", "{host}.example",
        "a b", "a\nb", "x" * 64, f"{'a.' * 130}example", 7, None, ["a"],
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_refused_at_its_place(host: object) -> None:
    assert wrong({"port": 80, "routes": [ROUTE, {"host": host}]}) == ["settings.http.routes.1.host"]


@pytest.mark.parametrize(
    "path", ["api", "//", "/a//b", "/../x", "/a/./b", "/a?b", "/a#b", "/*", "/{x}", "/a b", "/%2e", 7]
)
def test_a_path_that_is_none_is_refused_at_its_place(path: object) -> None:
    assert wrong({"port": 80, "routes": [{"host": "a.example", "path": path}]}) == ["settings.http.routes.0.path"]


@pytest.mark.parametrize(
    ("http", "at"),
    [
        ({"routes": [ROUTE]}, "settings.http.port"),
        ({"port": 0, "routes": [ROUTE]}, "settings.http.port"),
        ({"port": 80, "routes": [ROUTE, ROUTE]}, "settings.http.routes"),
        ({"port": 80, "routes": [{**ROUTE, "path": "/A"}, {**ROUTE, "path": "/a"}]}, "settings.http.routes"),
        ({"port": 80, "routes": [ROUTE] * 51}, "settings.http.routes"),
        ({"port": 80}, "settings.http.routes"),
        ({"port": 80, "routes": [ROUTE], "tls": "on"}, "settings.http.tls"),
        ({"port": 80, "routes": [{"host": "*.example.com"}], "tls": "automatic"}, "settings.http.tls"),
        ({"port": 80, "routes": [ROUTE], "drain": 301}, "settings.http.drain"),
        ({"port": 80, "routes": [ROUTE], "upstreams": []}, "settings.http.upstreams"),
        ("shop.example.com", "settings.http"),
    ],
)
def test_what_else_is_wrong_is_refused_at_its_place(http: object, at: str) -> None:
    assert wrong(http)[0].startswith(at)


def test_a_wildcard_of_an_internal_name_may_be_automatic() -> None:
    said = {"port": 80, "routes": [{"host": "*.localhost"}], "tls": "automatic"}
    assert cleaned(said)["tls"] == "automatic"


def test_a_release_without_routes_says_nothing_of_them() -> None:
    assert "http" not in effective({}, {}, "dev")
    assert "http" not in effective({"http": None}, {}, "dev")
    assert "http" not in effective({"http": WHOLE}, {"dev": {"http": cleaned({"routes": []})}}, "dev")
    assert effective({"http": WHOLE}, {"dev": {"http": cleaned({"routes": []})}}, "live")["http"] == WHOLE


def test_a_wildcard_covers_one_label() -> None:
    assert covers("*.example.com", "a.example.com")
    assert not covers("*.example.com", "a.b.example.com")
    assert not covers("*.example.com", "example.com")
    assert overlaps("a.example.com", "*.example.com") and overlaps("a", "a") and not overlaps("a", "b")


def boxes(**given: object) -> dict[str, Any]:
    return {"routes": "", "http_port": None, "tls": "", "drain": None, **given}


def test_the_boxes_say_the_setting_and_show_it_again() -> None:
    aspect = Http()
    given = boxes(routes="shop.example.com\n*.example.com/api", http_port=8080, tls="own", drain=5)
    value = cleaned(aspect.carried(given, None))
    assert value["routes"] == [ROUTE, {"host": "*.example.com", "path": "/api"}]
    assert aspect.shown(value) == given
    assert aspect.carried(boxes(tls="off"), None) is None
    assert aspect.shown(cleaned(aspect.carried(boxes(routes="none"), None)))["routes"] == "none"
    assert aspect.shown(None) == {}


def test_an_environment_s_boxes_say_only_what_differs() -> None:
    aspect = Http()
    assert aspect.carried_there(boxes(), WHOLE, None) is None
    assert aspect.carried_there(boxes(routes="live.example.com"), WHOLE, None) == {
        **WHOLE, "routes": [{"host": "live.example.com"}]
    }  # fmt: skip
    assert aspect.carried_there(boxes(tls="internal"), WHOLE, None) == {**WHOLE, "tls": "internal"}
    assert aspect.carried_there(boxes(routes="none"), WHOLE, None) == {"routes": []}


def test_a_port_without_a_name_is_not_dropped_in_silence() -> None:
    assert wrong(Http().carried(boxes(http_port=8080, tls="off"), None)) == ["settings.http.routes"]
    assert cleaned(Http().carried(boxes(routes="none", http_port=8080), None)) == {"routes": []}
