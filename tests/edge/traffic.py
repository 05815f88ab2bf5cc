"""Requests that go on in the background of a test, at a steady pace."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.load import Count, Load


@contextmanager
def traffic(*loads: Load) -> Iterator[list[Count]]:
    """The counts, which are whole when the block has ended."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def all_of_them() -> None:
        await asyncio.gather(*(load.run(stop) for load in loads))

    thread = threading.Thread(target=loop.run_until_complete, args=(all_of_them(),))
    thread.start()
    try:
        yield [load.count for load in loads]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()
