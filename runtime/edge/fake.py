"""An edge in memory for fast tests: it remembers what it was told, and says who would get a request.

Beyond the port it has the hands of fate: `broken`, and `under_way`, requests that a container has not answered yet.
"""

import time
from collections.abc import Collection, Iterable

from runtime.contract.link import EdgeFacts
from runtime.edge import state
from runtime.edge.base import Backend, EdgeError, Place, Site, Wait
from runtime.edge.state import Known

LOOK_SECONDS = 0.05


class FakeEdge:
    """An edge that exists only here."""

    def __init__(self) -> None:
        self.known: dict[Place, Known] = {}
        self.under_way: dict[str, int] = {}  # container -> requests
        self.broken = ""  # why it takes nothing
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def serving(self, place: Place) -> list[str]:
        """The containers of which one would get the next request."""
        face = self._of(place).now
        return [one.container for one in face.members if one.up] if face is not None else []

    def hosts(self, place: Place) -> list[str]:
        """The host names under which the place is reached."""
        face = self._of(place).now
        return [route.host for route in face.http.routes] if face is not None else []

    def admit(self, site: Site, backend: Backend) -> None:
        self._told("admit", backend.container)
        self.known[site.place] = state.admitted(self._of(site.place), site, backend, files={}, now=time.time())

    def dismiss(self, place: Place, containers: Collection[str], *, wait: Wait) -> int:
        self.calls.append(("dismiss", tuple(containers)))
        self.known[place], leaving = state.dismissed(self._of(place), containers)
        left = float(state.drain_of(self._of(place)))
        while left > 0 and self._busy(leaving):
            wait(min(LOOK_SECONDS, left))
            left -= LOOK_SECONDS
        return self._busy(leaving)

    def settle(self, place: Place, site: Site | None, backends: Iterable[Backend]) -> None:
        listed = list(backends)
        if site is not None:
            self._told("settle", *(backend.container for backend in listed))
        self.known[place] = state.settled(self._of(place), site, listed, files={}, now=time.time())

    def revert(self, place: Place, backends: Iterable[Backend]) -> None:
        listed = list(backends)
        self.calls.append(("revert", tuple(backend.container for backend in listed)))
        self.known[place] = state.reverted(self._of(place), listed, now=time.time())

    def facts(self) -> EdgeFacts | None:
        return EdgeFacts(address="127.0.0.1", http=80, https=443, answers=not self.broken)

    def observe(self, backends: Iterable[Backend], *, all_of_them: bool) -> None:
        listed = list(backends)
        for place, known in self.known.items():
            self.known[place] = state.observed(known, listed, all_of_them=all_of_them, now=time.time())

    def _of(self, place: Place) -> Known:
        return self.known.get(place, Known())

    def _busy(self, leaving: Iterable[state.Member]) -> int:
        return sum(self.under_way.get(one.container, 0) for one in leaving)

    def _told(self, call: str, *containers: str) -> None:
        self.calls.append((call, containers))
        if self.broken:
            raise EdgeError(self.broken)
