"""The log socket: every line once, in order, as text that was encoded once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator

from tests.live.conftest import Quay, closed_with, frame, opened
from tests.logs.given import lines, rows
from webapp.live import sockets
from webapp.live.log_socket import LogConsumer
from webapp.live.warden import TOO_SLOW
from webapp.logs import archive, follow, tail
from webapp.logs import services as logs

pytestmark = pytest.mark.thorough


async def write(quay: Quay, first: int, last: int) -> None:
    await tail.append_async(log_id=quay.log.id, first=first, lines=lines(first, last))


async def read_until(socket: WebsocketCommunicator, last: int) -> list[list[object]]:
    seen: list[list[object]] = []
    while not seen or seen[-1][0] != last:
        seen += (await frame(socket))["lines"]
    return seen


def as_lists(first: int, last: int) -> list[list[object]]:
    return [list(row) for row in rows(first, last)]


async def test_the_past_comes_first_and_then_what_is_written(quay: Quay) -> None:
    await write(quay, 1, 10)
    await database_sync_to_async(archive.archive_log)(quay.log.id)
    await write(quay, 11, 15)
    async with opened((await quay.browser("viewer")).socket(quay.path)) as socket:
        assert await read_until(socket, 15) == as_lists(1, 15)
        await write(quay, 16, 18)
        assert await read_until(socket, 18) == as_lists(16, 18)


async def test_a_browser_that_comes_again_goes_on_after_its_last_line(quay: Quay) -> None:
    await write(quay, 1, 20)
    async with opened((await quay.browser("viewer")).socket(f"{quay.path}?after=13")) as socket:
        assert await read_until(socket, 20) == as_lists(14, 20)


async def test_the_end_is_said_and_then_the_socket_closes(quay: Quay) -> None:
    await write(quay, 1, 2)
    async with opened((await quay.browser("viewer")).socket(quay.path)) as socket:
        assert (await frame(socket))["end"] is None
        await database_sync_to_async(logs.end_log)(log=quay.log, state="succeeded")
        assert await frame(socket) == {"lines": [], "end": {"state": "succeeded", "lines": 2}}
        assert await closed_with(socket) == 1000


async def test_an_ended_log_comes_whole_with_its_end(quay: Quay) -> None:
    await write(quay, 1, 3)
    await database_sync_to_async(logs.end_log)(log=quay.log, state="failed")
    async with opened((await quay.browser("viewer")).socket(quay.path)) as socket:
        assert await frame(socket) == {"lines": as_lists(1, 3), "end": {"state": "failed", "lines": 3}}


async def test_a_viewer_that_is_too_slow_is_told_so(quay: Quay, monkeypatch: pytest.MonkeyPatch) -> None:
    async def too_slow(**_: object) -> AsyncIterator[follow.Batch]:
        yield follow.Batch(text="", last=0)
        raise follow.TooSlow

    monkeypatch.setattr(follow, "follow", too_slow)
    async with opened((await quay.browser("viewer")).socket(quay.path)) as socket:
        assert await closed_with(socket) == TOO_SLOW


async def test_a_viewer_that_takes_nothing_is_dropped(quay: Quay, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(sockets, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(LogConsumer, "send", stuck)
    await write(quay, 1, 3)
    async with opened((await quay.browser("viewer")).socket(quay.path)) as socket:
        assert await closed_with(socket) == TOO_SLOW


@pytest.mark.parametrize("text", ["x" * 5000, "[" * 5000])
async def test_a_large_frame_from_a_browser_ends_the_socket(quay: Quay, text: str) -> None:
    async with opened((await quay.browser("viewer")).socket(quay.path)) as socket:
        await socket.send_to(text_data=text)
        assert await closed_with(socket) == sockets.TOO_BIG


async def test_many_frames_from_a_browser_end_the_socket_and_few_do_not(quay: Quay) -> None:
    async with opened((await quay.browser("viewer")).socket(quay.path)) as socket:
        await socket.send_to(text_data='{"type": "thing.changed", "group_name": "everybody"}')
        assert await socket.receive_nothing()
        with contextlib.suppress(AssertionError):
            for _ in range(sockets.FRAMES_PER_WINDOW + 1):
                await socket.send_to(text_data="x")
        assert await closed_with(socket) == TOO_SLOW
