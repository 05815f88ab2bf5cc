"""The logs of the containers on this host: who reads them, where each stands, what is to be sent next."""

import logging
import time
from collections.abc import Callable, Iterable

from runtime.contract.link import Ask, Kept, LinkEnd, LinkLines, Positions
from runtime.contract.names import LABEL_LOG
from runtime.engine.base import Engine
from runtime.engine.facts import container_facts
from runtime.engine.values import Container
from runtime.worker.follower import Followers
from runtime.worker.masks import Masks
from runtime.worker.shipping import Shipping
from runtime.worker.spool import Spool, SpoolBroken

LISTINGS_UNTIL_GONE = 2
END_STATE = "removed"

logger = logging.getLogger(__name__)


class Logbook:
    """Called on one thread; `on_change` (there may be something to send) and `on_fault` are called from others."""

    def __init__(
        self,
        *,
        engine: Engine,
        spool: Spool,
        masks: Masks,
        on_change: Callable[[], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._spool = spool
        self._shipping = Shipping(spool)
        self._followers = Followers(engine=engine, spool=spool, masks=masks, on_change=on_change, on_fault=on_fault)
        self._containers: dict[str, Container] = {}
        self._absent: dict[str, int] = {}  # log -> full lists in a row without a container of it

    def listed(self, containers: Iterable[Container]) -> None:
        """All containers there are."""
        self._containers = {one.container_id: one for one in containers if container_facts(one)}
        self._tend()
        present = {one.labels[LABEL_LOG] for one in self._containers.values()}
        for log in self._shipping.logs():
            self._absent[log] = 0 if log in present else self._absent.get(log, 0) + 1
            # A log whose container stays away, and which was read to its end.
            if self._absent[log] >= LISTINGS_UNTIL_GONE and not self._followers.reads(log):
                self._shipping.end(log, END_STATE)

    def changed(self, container: Container) -> None:
        """One container looks so now."""
        if container_facts(container):
            self._containers[container.container_id] = container
            self._tend()

    def gone(self, container: str) -> None:
        """One container was removed; its reader comes to an end by itself."""
        self._containers.pop(container, None)

    def connected(self) -> None:
        """A new connection: everything is asked and sent anew from where the control plane stands."""
        self._shipping.connected()
        self._tend()

    def ask(self) -> Ask | None:
        """The question to send now, if there is one."""
        if self._followers.has_ended():
            self._tend()
        return self._shipping.asks(time.monotonic())

    def due(self) -> list[str]:
        """Logs for which `next_frame` has something."""
        return self._shipping.due(time.monotonic())

    def next_frame(self, log: str) -> LinkLines | LinkEnd | None:
        """What to send of a log that is due; None when it cannot be read and begins anew."""
        try:
            return self._shipping.next_frame(log, time.monotonic())
        except SpoolBroken as error:
            logger.warning("log %s: its lines in the spool are broken (%s); they are read again", log, error)
            self._followers.stop(log)
            self._spool.drop(log)
            self._shipping.ask_anew(log)
            return None

    def kept(self, kept: Kept) -> None:
        """The answer to lines."""
        if not self._shipping.kept(kept, time.monotonic()):
            logger.warning("log %s: what the control plane holds does not fit to ours; it is asked anew", kept.log)
            self._shipping.ask_anew(kept.log)

    def place(self, positions: Positions) -> None:
        """The answer to a question: begin where the control plane stands."""
        verdict = self._shipping.positions(positions)
        for position in verdict.anew:
            self._followers.stop(position.log)
            self._spool.begin(position.log, next_number=position.next, resume_ns=position.resume_ns)
        for log in verdict.over:
            self._drop(log)
        self._tend()

    def refused(self, log: str) -> None:
        """The control plane does not take this log, on this connection."""
        over = self._shipping.refused(log)
        self._followers.stop(log)
        if over:
            self._drop(log)

    def close(self) -> None:
        self._followers.close()

    def _tend(self) -> None:
        """Every container's log has a reader, unless the control plane does not take it."""
        for container in self._containers.values():
            self._shipping.want(container.labels[LABEL_LOG])
        self._followers.tend(
            one for one in self._containers.values() if not self._shipping.is_refused(one.labels[LABEL_LOG])
        )

    def _drop(self, log: str) -> None:
        self._followers.stop(log)
        self._shipping.drop(log)
        self._absent.pop(log, None)
