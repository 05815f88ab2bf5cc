"""What every edge promises, on the fake one and on Caddy."""

import time

import msgspec
import pytest

from runtime.contract.routes import Route
from runtime.edge.base import Backend, EdgeError, Place
from tests.edge.bench import PLACE, SHOP, EdgeBench
from tests.waiting import until

OTHER = Place("01other", "01environment")


def no_wait(_: float) -> None:
    pass


def test_what_was_admitted_answers_and_nobody_before(bench: EdgeBench) -> None:
    assert bench.ask() == "503"
    bench.edge.admit(bench.site(SHOP), bench.servers.start("a"))
    assert bench.ask() == "a"
    assert bench.ask("other.example.com") == "503"


def test_two_share_the_requests(bench: EdgeBench) -> None:
    for name in ("a", "b"):
        bench.edge.admit(bench.site(SHOP), bench.servers.start(name))
    until(lambda: bench.answering() == {"a", "b"})


def test_admitted_twice_is_admitted_once(bench: EdgeBench) -> None:
    backend = bench.servers.start("a")
    bench.edge.admit(bench.site(SHOP), backend)
    bench.edge.admit(bench.site(SHOP), backend)
    assert bench.edge.dismiss(PLACE, ["a"], wait=time.sleep) == 0
    until(lambda: bench.ask() == "503")


def test_what_was_dismissed_gets_no_request_when_the_call_returns(bench: EdgeBench) -> None:
    for name in ("a", "b"):
        bench.edge.admit(bench.site(SHOP), bench.servers.start(name))
    assert bench.edge.dismiss(PLACE, ["a"], wait=time.sleep) == 0
    assert bench.answering() == {"b"}
    assert bench.edge.dismiss(PLACE, ["a", "unknown"], wait=time.sleep) == 0
    assert bench.answering() == {"b"}


def test_settled_is_whole(bench: EdgeBench) -> None:
    a, b = bench.servers.start("a"), bench.servers.start("b")
    bench.edge.admit(bench.site(SHOP), a)
    bench.edge.settle(PLACE, bench.site("new.example.com"), [b])
    assert (bench.ask(), bench.ask("new.example.com")) == ("503", "b")
    bench.edge.settle(PLACE, None, [])
    assert bench.ask("new.example.com") == "503"


def test_reverted_is_as_it_was_settled_whatever_came_between(bench: EdgeBench) -> None:
    a, b = bench.servers.start("a"), bench.servers.start("b")
    bench.edge.settle(PLACE, bench.site(SHOP), [a])
    bench.edge.admit(bench.site("new.example.com"), b)
    assert bench.ask("new.example.com") in ("a", "b")
    bench.edge.dismiss(PLACE, ["a"], wait=time.sleep)
    bench.edge.revert(PLACE, [a, b])
    until(lambda: bench.answering() == {"a"})
    assert bench.ask("new.example.com") == "503"


def test_what_was_never_settled_is_none_after_it_is_reverted(bench: EdgeBench) -> None:
    bench.edge.admit(bench.site(SHOP), bench.servers.start("a"))
    bench.edge.revert(PLACE, [bench.servers.backend("a")])
    assert bench.ask() == "503"


def test_one_that_died_gets_none_until_it_is_up_again(bench: EdgeBench) -> None:
    for name in ("a", "b"):
        bench.edge.admit(bench.site(SHOP), bench.servers.start(name))
    bench.edge.observe([bench.servers.backend("a", up=False)], all_of_them=False)
    until(lambda: bench.answering() == {"b"}, seconds=1.0)
    bench.edge.observe([bench.servers.backend("a", up=None, started=2)], all_of_them=False)
    assert bench.answering() == {"b"}
    bench.edge.observe([bench.servers.backend("a", up=True, started=2)], all_of_them=False)
    until(lambda: bench.answering() == {"a", "b"}, seconds=1.0)


def test_one_that_is_asked_anew_after_the_agent_started_serves_on(bench: EdgeBench) -> None:
    bench.edge.admit(bench.site(SHOP), bench.servers.start("a"))
    bench.edge.observe([bench.servers.backend("a", up=None)], all_of_them=True)
    assert bench.ask() == "a"


def test_a_list_without_one_that_was_just_admitted_is_older_than_that(bench: EdgeBench) -> None:
    bench.edge.admit(bench.site(SHOP), bench.servers.start("a"))
    bench.edge.observe([], all_of_them=True)
    assert bench.ask() == "a"


def test_who_was_not_admitted_is_not_by_being_seen(bench: EdgeBench) -> None:
    bench.edge.admit(bench.site(SHOP), bench.servers.start("a"))
    bench.edge.observe([bench.servers.start("b")], all_of_them=False)
    assert bench.answering() == {"a"}


def test_another_site_is_not_touched(bench: EdgeBench) -> None:
    bench.edge.settle(PLACE, bench.site(SHOP), [bench.servers.start("a")])
    bench.edge.settle(OTHER, bench.site("other.example.com", place=OTHER), [bench.servers.start("b")])
    bench.edge.settle(PLACE, None, [])
    assert bench.ask("other.example.com") == "b"


def test_a_container_that_this_host_does_not_reach_is_refused(bench: EdgeBench) -> None:
    nowhere = Backend(container="c", up=True, started_ns=1, address=None)
    with pytest.raises(EdgeError, match="does not reach port"):
        bench.edge.admit(bench.site(SHOP), nowhere)
    assert bench.ask() == "503"


def test_a_container_without_an_address_is_reached_at_its_published_port(bench: EdgeBench) -> None:
    backend = bench.servers.start("a")
    published = Backend(
        container="a",
        up=True,
        started_ns=1,
        address=None,
        published={80: (str(backend.address), bench.servers.port)},
    )
    site = bench.site(SHOP)
    other = msgspec.structs.replace(site.http, port=80, routes=(Route(host=SHOP),))
    bench.edge.settle(PLACE, type(site)(place=PLACE, http=other), [published])
    assert bench.ask() == "a"
