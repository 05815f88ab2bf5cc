"""Every page by every member of the cast. A page, or a way to ask for one, without a rule fails here."""

from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from importlib import import_module
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from tests.cast import Cast, make_ready
from tests.pages.reading import faults
from tests.pages.rules import FRAME, HOOKS, IMAGES, NOTICES, PLACES, REGISTRIES, RULES, RUNNING, TEAMS
from tests.rest.walk import COLUMNS, METHODS, Rule, rows, undone
from webapp.jobs import dispatch

READERS = ("viewer", "owner", "admin")  # they see different pages; to read all six costs too much
DOORS = {"favicon", "join_ask"}  # where who is not signed in goes on without signing in
NOBODY, FORGER = Client(), Client(enforce_csrf_checks=True)
ROOMS = {
    "notices": NOTICES,
    "frame": FRAME,
    "teams": TEAMS,
    "images": IMAGES,
    "running": RUNNING,
    "places": PLACES,
    "hooks": HOOKS,
    "registries": REGISTRIES,
}


@pytest.fixture(autouse=True)
def quiet(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis for logs; no doorbell is rung."""
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)


def patterns(module: str) -> Iterator[URLPattern]:
    """Every path of this module and of those that it includes."""
    waiting: list[Any] = list(import_module(module).urlpatterns)
    while waiting:
        found = waiting.pop()
        if isinstance(found, URLResolver):
            waiting += found.url_patterns
        else:
            yield found


PATTERNS = [*patterns("webapp.pages.urls"), *patterns("webapp.control.urls")]
ANY = {"id": "x", "kind": "restart", "code": "x", "step": "promotion"}
NAMED = {str(pattern.name): set(pattern.pattern.regex.groupindex) for pattern in PATTERNS}


def address(route: str, where: dict[str, Any]) -> str:
    """Where it is, with as much of `where` as the path has places for."""
    return reverse(route, kwargs={name: value for name, value in where.items() if name in NAMED[route]})


def ask(client: Client, rule: Rule, url: str, fields: dict[str, Any]) -> Any:
    return client.get(url) if rule.method == "get" else client.post(url, fields)


def test_every_page_has_one_rule_for_each_way_to_ask_and_every_rule_a_page(db: None) -> None:
    served = set()
    for route in NAMED:
        url = address(route, ANY)
        served |= {(route, method) for method in METHODS if NOBODY.generic(method.upper(), url).status_code != 405}
    ruled = [rule.key for rule in RULES]
    assert sorted(served - set(ruled)) == []
    assert sorted(set(ruled) - served) == []
    assert len(ruled) == len(set(ruled))


def test_what_is_sent_without_the_token_of_our_own_forms_is_refused(db: None) -> None:
    for route in {rule.route for rule in RULES if rule.method == "post"}:
        answer = FORGER.post(address(route, ANY))
        assert (route, answer.status_code) == (route, 403)


@pytest.mark.thorough
@pytest.mark.parametrize("room", ROOMS)
def test_each_is_answered_as_the_rules_say_and_what_is_refused_or_looked_at_changes_nothing(
    room: str, cast: Cast, subtests: pytest.Subtests
) -> None:
    """A whole room with one cast: to make it and to sign six people in costs more than most pages."""
    sessions = {name: cast.client(name).cookies.output(header="") for name in COLUMNS}
    for rule in ROOMS[room]:
        with subtests.test(f"{rule.method} {rule.route}"), undone():
            make_ready(cast.host)  # a slow walk outlasts the time after which a host counts as silent
            follow(rule, cast, sessions)


def follow(rule: Rule, cast: Cast, sessions: Mapping[str, str]) -> None:
    """Everybody asks, each as if nobody had asked before."""
    url, fields = address(rule.route, rule.where(cast)), rule.body(cast)
    before = rows()
    refuse_nobody(rule, url, fields)
    assert rows() == before
    for name, status in rule.expected().items():
        cast.client(name).cookies = SimpleCookie(sessions[name])
        with undone():
            answer = ask(cast.client(name), rule, url, fields)
            assert answer.status_code == status, f"by {name}: {answer.status_code}"
            if status >= 400 or rule.method == "get":
                assert rows() == before, f"by {name}"
            if name in READERS:
                check(answer, part=rule.route.endswith(("_part", "_plan", "_content")))


def refuse_nobody(rule: Rule, url: str, fields: dict[str, Any]) -> None:
    """Who is not signed in is sent to do so."""
    answer = ask(NOBODY, rule, url, fields)
    assert answer.status_code == rule.nobody
    if rule.nobody == 302 and rule.route not in DOORS:
        assert answer.headers["Location"].startswith(reverse("sign_in"))


def check(answer: HttpResponse, *, part: bool) -> None:
    """What is shown is well made: the page, the refusal's page, or the part that refreshes itself."""
    if answer.status_code == 302 or not answer.headers["Content-Type"].startswith("text/html"):
        return
    found = faults(answer.content.decode())
    assert [fault for fault in found if not (part and fault == "0 h1")] == []
