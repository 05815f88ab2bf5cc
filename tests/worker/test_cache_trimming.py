"""The builder's cache stays below its bound: what was not used for longest goes, and nothing that a build may want."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.link import DiskHeld
from runtime.engine.errors import EngineUnavailable
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.values import CacheRecord
from runtime.worker.cache_trimming import DROPS_A_TURN, MIN_AGE_NS, droppable, trim
from runtime.worker.stock import Stock, Stocked

NOW = 10**18
HOUR = 3600 * 10**9


def record(name: str, size: int, hours: float, *, in_use: bool = False, shared: bool = False) -> CacheRecord:
    used = NOW - int(hours * HOUR)
    return CacheRecord(record_id=name, size=size, last_used_ns=used, in_use=in_use, shared=shared)


def engine_with(*records: CacheRecord) -> FakeEngine:
    engine = FakeEngine()
    engine.cache = {one.record_id: one for one in records}
    return engine


def test_what_was_not_used_for_longest_goes_until_the_rest_fits() -> None:
    engine = engine_with(record("b", 40, 3), record("a", 40, 9), record("c", 40, 2))
    assert trim(engine, keep=80, now_ns=NOW) == 40 and sorted(engine.cache) == ["b", "c"]
    assert trim(engine, keep=80, now_ns=NOW) == 0


def test_what_is_young_in_use_or_an_image_s_too_stays() -> None:
    stays = (record("young", 99, 0.9), record("used", 99, 50, in_use=True), record("shared", 99, 50, shared=True))
    engine = engine_with(*stays, record("old", 1, 50))
    assert trim(engine, keep=0, now_ns=NOW) == 1
    assert set(engine.cache) == {"young", "used", "shared"}


def test_what_another_stands_on_waits_for_it_and_does_not_hold_up_the_rest() -> None:
    engine = engine_with(record("parent", 50, 9), record("child", 0, 8), record("other", 10, 7))
    engine.cache_needed.add("parent")
    assert trim(engine, keep=0, now_ns=NOW) == 10 and set(engine.cache) == {"parent"}
    engine.cache_needed.clear()
    assert trim(engine, keep=0, now_ns=NOW) == 50 and engine.cache == {}


def test_a_turn_is_bounded() -> None:
    engine = engine_with(*[record(f"r{at:04}", 1, 9) for at in range(DROPS_A_TURN + 50)])
    assert trim(engine, keep=0, now_ns=NOW) == DROPS_A_TURN
    assert trim(engine, keep=0, now_ns=NOW) == 50


RECORDS = st.lists(
    st.builds(
        CacheRecord,
        record_id=st.uuids().map(str),
        size=st.integers(0, 100),
        last_used_ns=st.integers(NOW - 9 * HOUR, NOW),
        in_use=st.booleans(),
        shared=st.booleans(),
    ),
    max_size=30,
)


@given(records=RECORDS, keep=st.integers(0, 1000))
def test_whatever_there_is_nothing_goes_that_may_not_and_no_more_than_must(
    records: list[CacheRecord], keep: int
) -> None:
    engine = engine_with(*records)
    trim(engine, keep=keep, now_ns=NOW)
    gone = [one for one in records if one.record_id not in engine.cache]
    assert all(not one.shared and not one.in_use and one.last_used_ns < NOW - MIN_AGE_NS for one in gone)
    left = sum(one.size for one in engine.cache.values() if not one.shared)
    assert left <= keep or not droppable(engine.cache.values(), now_ns=NOW)
    if gone:
        assert left + droppable(gone, now_ns=NOW)[-1].size > keep


def told_by(engine: FakeEngine, cache_bytes: int) -> int:
    """What the host says of its cache, at its first count."""
    said: list[int] = []

    async def tell(what: Stocked) -> bool:
        if isinstance(what, DiskHeld):
            said.append(what.build_cache)
        return True

    async def run() -> None:
        stock = asyncio.ensure_future(Stock(engine=engine, instance="i", tell=tell, cache_bytes=cache_bytes).run())
        until = time.monotonic() + 10
        while not said and time.monotonic() < until:
            await asyncio.sleep(0.01)
        stock.cancel()

    asyncio.run(run())
    return said[0]


@pytest.mark.parametrize(("bound", "left"), [(0, 120), (200, 120), (80, 80)])
def test_the_host_trims_before_it_tells_and_only_where_it_shall(bound: int, left: int) -> None:
    old = time.time_ns() - 5 * HOUR
    records = (CacheRecord(record_id=name, size=40, last_used_ns=old, in_use=False, shared=False) for name in "abc")
    assert told_by(engine_with(*records), bound) == left


def test_an_engine_that_does_not_answer_ends_nothing() -> None:
    engine = engine_with(record("a", 40, 9))
    engine.trouble.append(Trouble(call="drop_cache", error=EngineUnavailable("gone")))
    with pytest.raises(EngineUnavailable):
        trim(engine, keep=0, now_ns=NOW)
