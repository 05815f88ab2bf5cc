"""A host without an edge: nothing is reached by name here, and asking for it is refused."""

from collections.abc import Collection, Iterable

from runtime.contract.link import EdgeFacts
from runtime.edge.base import Backend, EdgeError, Place, Site, Wait

ADVICE = "Install caddy there and start the worker again, or take the routes out of the service's settings."


class NoEdge:
    """`why`: a sentence for people."""

    def __init__(self, why: str = "This host runs no edge proxy.") -> None:
        self._why = why

    def admit(self, site: Site, backend: Backend) -> None:
        raise EdgeError(self._why, advice=ADVICE)

    def dismiss(self, place: Place, containers: Collection[str], *, wait: Wait) -> int:
        return 0

    def settle(self, place: Place, site: Site | None, backends: Iterable[Backend]) -> None:
        if site is not None:
            raise EdgeError(self._why, advice=ADVICE)

    def revert(self, place: Place, backends: Iterable[Backend]) -> None:
        pass

    def facts(self) -> EdgeFacts | None:
        return None

    def observe(self, backends: Iterable[Backend], *, all_of_them: bool) -> None:
        pass
