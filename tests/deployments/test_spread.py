"""Where copies go, for any hosts, room, pins and history: complete where it can be, even, stable, never too many."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.deployments.planning.spread import indexes, spread

pytestmark = pytest.mark.thorough

NAME = st.text("abcdef", min_size=1, max_size=3)
HOSTS = st.lists(NAME, min_size=1, max_size=6, unique=True)
COUNT = st.integers(0, 24)
NOW = st.dictionaries(st.integers(1, 30), NAME, max_size=24)
ROOM = st.dictionaries(NAME, st.integers(0, 6), max_size=6)


@settings(deadline=None)
@given(COUNT, HOSTS, NOW, ROOM, NOW)
def test_a_spread_is_complete_even_bounded_and_stays_put(
    replicas: int, hosts: list[str], now: dict[int, str], room: dict[str, int], pinned: dict[int, str]
) -> None:
    wanted = indexes(replicas=replicas, there=now)
    placed = spread(wanted=wanted, hosts=hosts, now=now, room=room, pinned=pinned)
    held = {index: host for index, host in pinned.items() if index in wanted and host in hosts}
    count = Counter(placed.values())
    holds = Counter(held.values())
    most = {host: max(room.get(host, replicas), holds[host]) for host in hosts}
    assert set(placed) <= set(wanted) and set(count) <= set(hosts)
    assert {index: placed[index] for index in held} == held
    assert all(count[host] <= most[host] for host in hosts)
    if len(placed) < replicas:
        assert all(count[host] == most[host] for host in hosts), "only where no host has room is one left out"
    open_hosts = [count[host] for host in hosts if count[host] < most[host]]
    poured = [count[host] for host in hosts if count[host] > holds[host]]
    if open_hosts and poured:
        assert max(poured) - min(open_hosts) <= 1, "no host got two more than another that has room"
    assert spread(wanted=wanted, hosts=hosts, now=placed, room=room, pinned=pinned) == placed


@given(COUNT, HOSTS, NOW, ROOM)
def test_equal_facts_give_an_equal_spread(
    replicas: int, hosts: list[str], now: dict[int, str], room: dict[str, int]
) -> None:
    wanted = indexes(replicas=replicas, there=now)
    again = spread(wanted=wanted, hosts=hosts, now=dict(reversed(now.items())), room=dict(reversed(room.items())))
    assert spread(wanted=wanted, hosts=hosts, now=now, room=room) == again


@given(COUNT, COUNT, HOSTS)
def test_more_replicas_move_none_of_those_that_run(replicas: int, more: int, hosts: list[str]) -> None:
    placed = spread(wanted=indexes(replicas=replicas, there=()), hosts=hosts, now={})
    wider = spread(wanted=indexes(replicas=replicas + more, there=placed), hosts=hosts, now=placed)
    assert {index: wider[index] for index in placed} == placed


@given(st.integers(1, 24), HOSTS, st.data())
def test_a_host_that_goes_moves_what_it_had_alone(replicas: int, hosts: list[str], data: st.DataObject) -> None:
    wanted = indexes(replicas=replicas, there=())
    placed = spread(wanted=wanted, hosts=hosts, now={})
    gone = data.draw(st.sampled_from(hosts))
    left = [host for host in hosts if host != gone]
    after = spread(wanted=wanted, hosts=left, now=placed)
    if left:
        assert all(after[index] == host for index, host in placed.items() if host != gone)
    else:
        assert after == {}


@given(COUNT, st.sets(st.integers(1, 40), max_size=30), st.integers(1, 40))
def test_numbers_are_kept_from_the_lowest_and_free_ones_are_taken(replicas: int, there: set[int], without: int) -> None:
    found = indexes(replicas=replicas, there=there, without=without)
    kept = there - {without}
    assert len(found) == len(set(found)) == replicas and found == sorted(found)
    assert without not in set(found) or without not in there
    assert set(sorted(kept)[:replicas]) <= set(found)


def test_one_that_goes_leaves_the_others_their_numbers() -> None:
    assert indexes(replicas=2, there=[1, 2, 3], without=2) == [1, 3]
    assert indexes(replicas=2, there=[1, 3]) == [1, 3]
    assert indexes(replicas=4, there=[1, 3]) == [1, 2, 3, 4]


def test_without_hosts_nothing_is_placed() -> None:
    assert spread(wanted=[1, 2, 3], hosts=[], now={}) == {}
