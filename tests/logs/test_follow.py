"""Viewers: what was before and what comes, every line once, in order; many viewers, one reader."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest
import redis
from channels.db import database_sync_to_async

from tests.logs.given import lines, rows
from webapp.logs import archive, fanout, follow, tail
from webapp.logs import services as logs
from webapp.logs.models import Log

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]
PATIENCE = 5.0

Rows = list[tuple[int, int, str, str]]


def rows_of(batch: follow.Batch) -> Rows:
    return [tuple(row) for row in msgspec.json.decode(f"[{batch.text}]")]


async def collect(log: Log, *, after: int = 0, until: int | None = None) -> tuple[Rows, str | None]:
    """Follow until this line, or the end."""
    seen: Rows = []
    async with contextlib.aclosing(follow.follow(log_id=log.id, after=after)) as batches:
        async for batch in batches:
            seen += rows_of(batch)
            if batch.end is not None or (seen and seen[-1][0] == until):
                return seen, batch.end
    raise AssertionError("it ended without saying so")


async def write(log: Log, first: int, last: int) -> None:
    await tail.append_async(log_id=log.id, first=first, lines=lines(first, last))


async def test_a_viewer_gets_the_past_and_then_what_comes(log: Log) -> None:
    await write(log, 1, 10)
    await database_sync_to_async(archive.archive_log)(log.id)
    await write(log, 11, 20)
    viewer = asyncio.create_task(collect(log, after=4, until=30))
    await asyncio.sleep(0.1)
    await write(log, 21, 30)
    seen, _ = await asyncio.wait_for(viewer, PATIENCE)
    assert seen == rows(5, 30)


async def test_a_resumed_viewer_starts_inside_an_entry(log: Log) -> None:
    await write(log, 1, 10)
    assert (await asyncio.wait_for(collect(log, after=7, until=10), PATIENCE))[0] == rows(8, 10)


def watched_logs() -> int:
    """How many logs this event loop follows."""
    return len(fanout._watches.get(asyncio.get_running_loop(), {}))


async def test_many_viewers_share_one_reader_which_ends_with_the_last_of_them(log: Log) -> None:
    viewers = [asyncio.create_task(collect(log, until=9)) for _ in range(20)]
    await asyncio.sleep(0.1)
    assert watched_logs() == 1
    await write(log, 1, 9)
    assert [seen for seen, _ in await asyncio.wait_for(asyncio.gather(*viewers), PATIENCE)] == [rows(1, 9)] * 20
    assert watched_logs() == 0


async def test_every_viewer_hears_the_end(log: Log) -> None:
    await write(log, 1, 3)
    viewer = asyncio.create_task(collect(log))
    await asyncio.sleep(0.1)
    await database_sync_to_async(logs.end_log)(log=log, state="failed")
    seen, end = await asyncio.wait_for(viewer, PATIENCE)
    assert (seen, msgspec.json.decode(end or "")) == (rows(1, 3), {"state": "failed", "lines": 3})


async def test_who_comes_after_the_end_hears_it_at_once(log: Log) -> None:
    await write(log, 1, 3)
    await database_sync_to_async(logs.end_log)(log=log, state="succeeded")
    seen, end = await asyncio.wait_for(collect(log, after=3), PATIENCE)
    assert (seen, msgspec.json.decode(end or "")) == ([], {"state": "succeeded", "lines": 3})


async def test_a_viewer_stays_dense_while_lines_are_archived_and_trimmed_under_it(log: Log) -> None:
    viewer = asyncio.create_task(collect(log, until=300))
    for first in range(1, 301, 10):
        await write(log, first, first + 9)
        if first % 3 == 1:
            await database_sync_to_async(archive.archive_log)(log.id)
    assert (await asyncio.wait_for(viewer, PATIENCE))[0] == rows(1, 300)


async def test_a_viewer_goes_on_after_redis_lost_what_it_held(
    log: Log, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "BLOCK_SECONDS", 0.2)
    await write(log, 1, 10)
    viewer = asyncio.create_task(collect(log, until=25))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(redis.Redis.from_url(redis_url).flushall)
    assert (await tail.append_async(log_id=log.id, first=11, lines=lines(11, 20))).last == 0
    await write(log, 1, 20)  # the host goes back
    await write(log, 21, 25)
    assert (await asyncio.wait_for(viewer, PATIENCE))[0] == rows(1, 25)


async def one_by_one(log: Log) -> AsyncIterator[follow.Batch]:
    async with contextlib.aclosing(follow.follow(log_id=log.id, after=0)) as batches:
        async for batch in batches:
            yield batch


async def test_a_viewer_that_does_not_take_is_dropped_and_the_others_are_not(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fanout.Viewer
    monkeypatch.setattr(fanout, "Viewer", lambda: real(budget=2000))
    slow = one_by_one(log)
    first = asyncio.ensure_future(anext(slow))
    quick = asyncio.create_task(collect(log, until=200))
    await asyncio.sleep(0.1)
    for start in range(1, 201, 20):
        await write(log, start, start + 19)
        await asyncio.sleep(0.01)
    assert (await asyncio.wait_for(quick, PATIENCE))[0] == rows(1, 200)
    seen = rows_of(await first)
    too_slow = False
    try:
        async for batch in slow:
            seen += rows_of(batch)
    except follow.TooSlow:
        too_slow = True
    assert too_slow
    assert seen == rows(1, len(seen))
    assert (await asyncio.wait_for(collect(log, after=len(seen), until=200), PATIENCE))[0] == rows(len(seen) + 1, 200)


async def test_what_a_viewer_holds_is_bounded() -> None:
    viewer = fanout.Viewer(budget=1000)
    for number in range(100):
        viewer.offer(fanout.Piece(first=number, last=number, text="x" * 100, end=None))
        assert sum(len(piece.text) for piece in viewer._pieces) <= 1000
    assert viewer.overflowed
