"""The edge port by Caddy. What was admitted is on disk; Caddy is told how sites are reached, and asks who serves them.

Any process of the host may hold one: they change what is on disk one after the other.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from runtime.contract.link import EdgeFacts
from runtime.edge import caddy_admin, state
from runtime.edge.base import Backend, EdgeError, Place, Site, Wait
from runtime.edge.caddy_admin import CaddyDown, CaddyRefused
from runtime.edge.caddy_config import Doors, Folder, render
from runtime.edge.files import SiteFiles, file_name
from runtime.edge.state import Known, Member
from runtime.redaction import Secret

ANSWER_SECONDS = 10.0  # Caddy is started again within these when it ended
LOOK_SECONDS = 0.05
FORGET_SECONDS = 0.25  # after which no request goes by an answer that Caddy had before

logger = logging.getLogger(__name__)


class CaddyEdge:
    """The edge of the host whose folder this is."""

    def __init__(self, *, folder: Folder, doors: Doors) -> None:
        self._folder = folder
        self._doors = doors
        self._files = SiteFiles(folder)

    def admit(self, site: Site, backend: Backend) -> None:
        files = _names(site.certificates)
        self._change(
            site.place,
            lambda known: state.admitted(known, site, backend, files=files, now=time.time()),
            certificates=site.certificates,
        )

    def dismiss(self, place: Place, containers: Collection[str], *, wait: Wait) -> int:
        with self._files.alone():
            known, leaving = state.dismissed(self._files.read(place), containers)
            if not leaving:
                return 0
            self._files.write(place, known)
        wait(FORGET_SECONDS)
        end = time.monotonic() + state.drain_of(known)
        while (busy := self._busy(leaving)) and time.monotonic() < end:
            wait(LOOK_SECONDS)
        return busy

    def settle(self, place: Place, site: Site | None, backends: Iterable[Backend]) -> None:
        listed = list(backends)
        certificates = site.certificates if site is not None else {}
        files = _names(certificates)
        self._change(
            place,
            lambda known: state.settled(known, site, listed, files=files, now=time.time()),
            certificates=certificates,
        )
        with self._files.alone():
            self._files.drop_unused_certificates()

    def revert(self, place: Place, backends: Iterable[Backend]) -> None:
        listed = list(backends)
        try:
            self._change(place, lambda known: state.reverted(known, listed, now=time.time()))
        except EdgeError as error:
            # What was taken back serves as far as the edge can tell it; the reason for taking back is what counts.
            logger.warning("the edge was not brought back: %s", error.message)

    def facts(self) -> EdgeFacts | None:
        doors = self._doors
        return EdgeFacts(
            address=doors.address, http=doors.http, https=doors.https, answers=caddy_admin.answers(self._folder.admin)
        )

    def observe(self, backends: Iterable[Backend], *, all_of_them: bool) -> None:
        listed = list(backends)
        with self._files.alone():
            sites = self._files.all()
            moved = False
            for place, known in sites.items():
                after = state.observed(known, listed, all_of_them=all_of_them, now=time.time())
                if after is not known:
                    self._files.write(place, after)
                    moved = moved or state.ports(after) != state.ports(known)
            if moved:
                self._say_all()

    def ensure(self) -> None:
        """Caddy runs what is on disk. EdgeError."""
        end = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                with self._files.alone():
                    self._tell(patience=0)
                return
            except EdgeError as error:
                if not error.retry_helps or time.monotonic() >= end:
                    raise
            time.sleep(LOOK_SECONDS)  # others may change what is on disk meanwhile

    def _change(
        self, place: Place, change: Callable[[Known], Known], *, certificates: Mapping[str, Secret] | None = None
    ) -> None:
        """On disk, and by Caddy; what Caddy does not take is not on disk either."""
        with self._files.alone():
            before = self._files.read(place)
            after = change(before)
            if before == after == Known():
                return
            self._files.keep_certificates(certificates or {})
            self._files.write(place, after)
            try:
                self._tell(patience=ANSWER_SECONDS)
            except EdgeError:
                self._files.write(place, before)
                raise

    def _say_all(self) -> None:
        try:
            self._tell(patience=0)
        except EdgeError as error:
            logger.warning("the edge is not told: %s", error.message)

    def _tell(self, *, patience: float) -> None:
        wanted = render(self._doors, self._folder, self._files.all())
        end = time.monotonic() + patience
        while True:
            try:
                if caddy_admin.configuration(self._folder.admin) != wanted:
                    caddy_admin.load(self._folder.admin, wanted)
                return
            except CaddyRefused as error:
                raise EdgeError(f"The edge of this host did not take the routes: {error}") from error
            except CaddyDown as error:
                if time.monotonic() >= end:
                    raise EdgeError(
                        "The edge proxy of this host does not answer.",
                        advice="Look into the worker's log on that host.",
                        retry_helps=True,
                    ) from error
                time.sleep(LOOK_SECONDS)

    def _busy(self, leaving: Iterable[Member]) -> int:
        """Requests that these have not answered. With the proxy ended those under way, too."""
        try:
            told = caddy_admin.under_way(self._folder.admin)
        except CaddyDown:
            return 0
        return sum(told.get(_shown(one), 0) for one in leaving)


def _names(certificates: Mapping[str, Secret]) -> dict[str, str]:
    return {certificate: file_name(certificate, pem) for certificate, pem in certificates.items()}


def _shown(member: Member) -> str:
    address = f"[{member.address}]" if ":" in member.address else member.address
    return f"{address}:{member.port}"
