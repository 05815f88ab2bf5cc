"""The control loop: what has to happen though nobody asks. One part's failure does not stop the others."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import close_old_connections, connection
from django.utils.timezone import now

from runtime.contract.link import SILENT_AFTER_SECONDS
from webapp.audit import services as audit
from webapp.control import lock
from webapp.deployments import reconcile
from webapp.hosts import services as hosts
from webapp.hosts.models import Host
from webapp.ingest import owners
from webapp.jobs import broadcast
from webapp.jobs import services as jobs
from webapp.logs import archive
from webapp.problems import Unavailable

TICK_SECONDS = 1.0
FAST_TICK_SECONDS = 0.05  # while there is more to archive than one pass moves
SAY_AGAIN_SECONDS = 30.0  # a part that keeps failing says so this often

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One duty of the loop; the number it answers is how much it did."""

    name: str
    run: Callable[[datetime], int]


def _expire_leases(moment: datetime) -> int:
    lost = jobs.expire_leases(now=moment, on_change=owners.job_changed)
    for job in lost:
        said = (job.id, job.kind, job.host.name, job.attempt, job.state)
        logger.warning("job lost job=%s kind=%s host=%s attempt=%d now=%s", *said)
    return len(lost)


def _ring(moment: datetime) -> int:
    return jobs.ring_outstanding(now=moment)


def _archive(moment: datetime) -> int:
    return archive.archive_dirty()


def _reconcile(moment: datetime) -> int:
    return reconcile.run_once(now=moment)


def _mark_silent(moment: datetime) -> int:
    """A host whose link is silent is not connected; pages compute *unknown since* from when it was heard."""
    silent = Host.objects.filter(connected=True, last_heard_at__lt=moment - timedelta(seconds=SILENT_AFTER_SECONDS))
    for host in silent:
        hosts.disconnected(host=host, link=host.link)
        broadcast.changed(kind="host", id=host.id, state=host.state, project_id=None)
        logger.warning("host silent host=%s heard=%s", host.name, host.last_heard_at)
    return len(silent)


def _settle_refusals(moment: datetime) -> int:
    return audit.flush_refusals(now=moment)


PARTS: Sequence[Part] = (
    Part("leases", _expire_leases),
    Part("doorbells", _ring),
    Part("archive", _archive),
    Part("silent hosts", _mark_silent),
    Part("reconcile", _reconcile),
    Part("refusals", _settle_refusals),
)


@dataclass
class Loop:
    """One process's loop; `holder` names it in the lock."""

    holder: str
    parts: Sequence[Part] = PARTS
    stopping: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    _said: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Go on until `stopping` is set."""
        while not self.stopping.is_set():
            begun = time.monotonic()
            self.turn()
            self.stopping.wait(max(FAST_TICK_SECONDS, TICK_SECONDS - (time.monotonic() - begun)))
        self._guarded("lock", lambda: lock.release(holder=self.holder))

    def turn(self) -> None:
        """One pass over all parts, if the lock is ours."""
        close_old_connections()
        led, self.leads = self.leads, bool(self._guarded("lock", lambda: lock.take(holder=self.holder, now=now())))
        if self.leads != led:
            logger.info("control %s holder=%s", "leads" if self.leads else "stands by", self.holder)
        if not self.leads:
            return
        for part in self.parts:
            done = self._guarded(part.name, partial(part.run, now()))
            if done:
                logger.info("control part=%s done=%s", part.name, done)

    def _guarded(self, name: str, run: Callable[[], int | bool | None]) -> int | bool | None:
        """Whatever goes wrong in a part is said, not every second, and tried again."""
        try:
            return run()
        except Exception as error:
            connection.close_if_unusable_or_obsolete()
            if time.monotonic() - self._said.get(name, float("-inf")) > SAY_AGAIN_SECONDS:
                self._said[name] = time.monotonic()
                logger.error("control part=%s failed", name, exc_info=None if isinstance(error, Unavailable) else error)
            return None
