"""The agent: one asyncio process that tells the control plane what runs on this host and what it says.

Watching and reading go on while the link is down; lines wait in the spool. If this process dies, containers do not
notice, and the next one goes on where it stopped.
"""

import asyncio
import logging
import signal
import time
from contextlib import suppress
from pathlib import Path

from runtime.contract import CONTRACT_VERSION
from runtime.contract.link import (
    Changed,
    Down,
    EngineFacts,
    Follow,
    Gone,
    Hello,
    Kept,
    Positions,
    Refused,
    Snapshot,
    Up,
    Welcome,
)
from runtime.edge.base import Edge
from runtime.edge.none import NoEdge
from runtime.engine.base import Engine
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import EngineError
from runtime.engine.facts import container_facts
from runtime.engine.values import Container
from runtime.health import NetworkProber, Prober
from runtime.redaction import Secret
from runtime.worker.alone import alone
from runtime.worker.backoff import Backoff
from runtime.worker.config import Config
from runtime.worker.control_plane import USER_AGENT
from runtime.worker.edge import edge_of
from runtime.worker.edge_watch import EdgeWatch, recalled, remember
from runtime.worker.identity import Identity
from runtime.worker.link import Link, LinkDown, open_link
from runtime.worker.logbook import Logbook
from runtime.worker.masks import Masks
from runtime.worker.passport import Passport
from runtime.worker.rounds import Rounds
from runtime.worker.spool import Spool, open_spool
from runtime.worker.stock import Stock, Stocked
from runtime.worker.watcher import Listing, Watcher

WELCOME_SECONDS = 15.0
FACTS_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0  # a link that lived so long is opened again soon
LOOK_SECONDS = 0.5  # between two looks for what is due by time

logger = logging.getLogger(__name__)


class Agent:
    """Lives on one event loop. `url` is the control plane's; `concurrency` is told it of the worker beside."""

    def __init__(
        self,
        *,
        url: str,
        credential: Secret,
        engine: Engine,
        spool: Spool,
        masks: Masks,
        edge: Edge | None = None,
        remembered: Path | None = None,
        identity: Identity | None = None,
        concurrency: int = 0,
        build_cache: int = 0,
        prober: Prober | None = None,
    ) -> None:
        self._concurrency = concurrency
        self._build_cache = build_cache
        self._url = url
        self._passport = Passport(url=url, credential=credential, identity=identity)
        self._engine = engine
        self._edge = EdgeWatch(edge or NoEdge())
        self._remembered = remembered  # the file that says whose containers are watched before the link is up
        self._loop = asyncio.get_running_loop()
        self._due = asyncio.Event()
        self._fault: asyncio.Future[None] = self._loop.create_future()
        self._logbook = Logbook(
            engine=engine, spool=spool, masks=masks, on_change=self._wake, on_fault=self._reading_failed
        )
        self._rounds = Rounds(prober=prober or NetworkProber(), on_change=self._tell)
        self._link: Link | None = None
        self._instance = ""
        self._watcher: Watcher | None = None
        self._watching: asyncio.Task[None] | None = None
        self._stock: Stock | None = None
        self._stocktaking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until it is cancelled, or a fault that only a new start mends."""
        if known := await asyncio.to_thread(recalled, self._remembered):
            self._watch(known)  # who dies gets no requests, also while the control plane is away
        linking = asyncio.ensure_future(self._keep_link())
        asking = asyncio.ensure_future(self._rounds.run())
        parts = (linking, asking, self._fault)
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for ended in parts:
                if ended.done():
                    ended.result()
        finally:
            linking.cancel()
            asking.cancel()
            self._stop_watching()
            self._logbook.close()

    async def listed(self, listing: Listing | None) -> None:
        if listing is not None:
            self._logbook.listed(listing.containers)
            self._due.set()
            self._rounds.listed(listing.containers)
            await self._rounds.first_answers()
            judged = [self._rounds.judged(one) for one in listing.containers]
            listing = Listing(judged, self._edge.told(listing.facts))
            await self._edge.listed(listing.containers)
        await self._send(_snapshot(listing))

    async def changed(self, container: Container) -> None:
        if container_facts(container) is not None:
            self._logbook.changed(container)
            self._due.set()
            self._rounds.changed(container)
            await self._tell(container)

    async def gone(self, container: str, replica: str) -> None:
        self._logbook.gone(container)
        self._rounds.gone(container)
        await self._edge.gone(container)
        if replica:
            await self._send(Gone(container=container, replica=replica))

    async def _tell(self, container: Container) -> None:
        """How it is, with what it answered."""
        judged = self._rounds.judged(container)
        await self._edge.changed(judged)
        facts = container_facts(judged)
        if facts is not None:
            await self._send(Changed(container=facts))

    async def _tell_stock(self, held: Stocked) -> bool:
        """Whether there was a link to tell it."""
        try:
            if self._link is None:
                return False
            await self._link.send(held)
        except LinkDown:
            return False
        return True

    async def _keep_link(self) -> None:
        backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
        while True:
            since = time.monotonic()
            try:
                async with open_link(url=self._url, passport=self._passport) as link:
                    await self._serve(link)
            except LinkDown as error:
                logger.warning("the link is down: %s", error)
            if time.monotonic() - since > STEADY_SECONDS:
                backoff.reset()
            await asyncio.sleep(backoff.pause())

    async def _serve(self, link: Link) -> None:
        """One connection, until it breaks."""
        facts = await self._facts()
        await link.send(
            Hello(
                contract=CONTRACT_VERSION,
                version=USER_AGENT,
                clock_ns=time.time_ns(),
                facts=facts,
                concurrency=self._concurrency,
            )
        )
        welcome = await _welcome(link)
        logger.info("the link is up")
        self._logbook.connected()
        self._link = link
        self._watch(welcome.instance)
        await asyncio.to_thread(remember, self._remembered, welcome.instance)
        both = {asyncio.ensure_future(self._ship(link)), asyncio.ensure_future(self._hear_all(link))}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            self._link = None
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    def _watch(self, instance: str) -> None:
        """Watches this instance's containers from now on; a new connection gets a full list at once."""
        if self._watcher is not None and self._stock is not None and self._instance == instance:
            self._watcher.relist()
            self._stock.again()
            return
        self._stop_watching()
        self._instance = instance
        self._watcher = Watcher(engine=self._engine, instance=instance, observer=self)
        self._watching = asyncio.ensure_future(self._watcher.run())
        self._watching.add_done_callback(self._watching_ended)
        self._stock = Stock(
            engine=self._engine, instance=instance, tell=self._tell_stock, cache_bytes=self._build_cache
        )
        self._stocktaking = asyncio.ensure_future(self._stock.run())
        self._stocktaking.add_done_callback(self._watching_ended)

    def _stop_watching(self) -> None:
        for task in (self._watching, self._stocktaking):
            if task is not None:
                task.cancel()

    async def _ship(self, link: Link) -> None:
        """Sends what is due: questions, lines, ends."""
        while True:
            self._due.clear()
            ask = self._logbook.ask()
            if ask is not None:
                await link.send(ask)
            for log in self._logbook.due():
                frame = self._logbook.next_frame(log)
                if frame is not None:
                    await link.send(frame)
            # Not wait_for, which may swallow a cancel that comes in the same moment (Python 3.11).
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._due.wait()

    async def _hear_all(self, link: Link) -> None:
        while True:
            self._hear(await link.receive())
            self._due.set()

    def _hear(self, frame: Down) -> None:
        match frame:
            case Kept():
                self._logbook.kept(frame)
            case Positions():
                self._logbook.place(frame)
            case Refused():
                logger.warning("the control plane refused %s: %s", frame.subject, frame.reason)
                self._logbook.refused(frame.subject)
            case Follow() if self._watcher is not None:
                self._watcher.relist()
            case _:
                pass

    async def _facts(self) -> EngineFacts | None:
        try:
            async with asyncio.timeout(FACTS_SECONDS):
                return self._edge.told(await asyncio.to_thread(self._engine.facts))
        except (EngineError, TimeoutError) as error:
            logger.warning("the engine does not answer: %s", error)
            return None

    async def _send(self, frame: Up) -> None:
        """To the link that is there; without one the next full list will say it."""
        if self._link is not None:
            with suppress(LinkDown):
                await self._link.send(frame)

    def _wake(self) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._due.set)

    def _reading_failed(self, error: Exception) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end, error)

    def _watching_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _end(self, error: BaseException) -> None:
        if not self._fault.done():
            self._fault.set_exception(error)


async def run_agent(config: Config) -> None:
    """The agent of this host, until SIGTERM or SIGINT."""
    with alone(config.home, "agent"):
        spool = open_spool(config.spool)
        agent = Agent(
            url=config.url,
            credential=config.credential,
            identity=config.identity,
            engine=DockerEngine(address=config.engine, publish_address=config.publish_address),
            spool=spool,
            masks=Masks(config.masks),
            edge=edge_of(config),
            remembered=config.home / "instance",
            concurrency=config.concurrency,
            build_cache=config.build_cache,
        )
        running = asyncio.ensure_future(agent.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with suppress(asyncio.CancelledError):
            await running
        spool.close()


async def _welcome(link: Link) -> Welcome:
    try:
        async with asyncio.timeout(WELCOME_SECONDS):
            while not isinstance(frame := await link.receive(), Welcome):
                pass
            return frame
    except TimeoutError as error:
        raise LinkDown("the control plane did not answer the greeting") from error


def _snapshot(listing: Listing | None) -> Snapshot:
    if listing is None:
        return Snapshot(clock_ns=time.time_ns(), containers=[], engine=False)
    facts = [seen for one in listing.containers if (seen := container_facts(one)) is not None]
    return Snapshot(clock_ns=time.time_ns(), containers=facts, engine=True, facts=listing.facts)
