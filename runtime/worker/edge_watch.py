"""What the agent sees of containers, told to this host's edge at once: one that died gets no more requests."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from runtime.contract.link import EngineFacts
from runtime.edge.base import Backend, Edge
from runtime.engine.values import Container
from runtime.procedures.serving import backend_of

MAX_INSTANCE = 64

logger = logging.getLogger(__name__)


def recalled(path: Path | None) -> str:
    """The instance that was welcomed last; empty where none was."""
    try:
        told = path.read_text().strip() if path is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""
    return told if told.isalnum() and len(told) <= MAX_INSTANCE else ""


def remember(path: Path | None, instance: str) -> None:
    """For a start without the control plane. What cannot be written is told again by the next link."""
    if path is not None and recalled(path) != instance:
        with suppress(OSError):
            new = path.with_suffix(".new")
            new.write_text(instance)
            new.replace(path)


class EdgeWatch:
    """Called on one event loop; the edge hears everything in the order in which it was seen."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._turn = asyncio.Lock()

    def told(self, facts: EngineFacts) -> EngineFacts:
        """The engine's facts, and where the edge beside it listens."""
        return msgspec.structs.replace(facts, edge=self._edge.facts())

    async def listed(self, containers: Iterable[Container]) -> None:
        """All containers there are."""
        await self._tell([backend_of(one) for one in containers], all_of_them=True)

    async def changed(self, container: Container) -> None:
        """One container looks so now."""
        await self._tell([backend_of(container)], all_of_them=False)

    async def gone(self, container: str) -> None:
        """One container was removed."""
        await self._tell([Backend(container=container, up=False, started_ns=None, address=None)], all_of_them=False)

    async def _tell(self, backends: list[Backend], *, all_of_them: bool) -> None:
        async with self._turn:
            try:
                await asyncio.to_thread(self._edge.observe, backends, all_of_them=all_of_them)
            except OSError as error:
                # A full disk must not end the agent; the next list says it again.
                logger.warning("the edge could not be told: %s", error)
