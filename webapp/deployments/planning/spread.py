"""Where copies go: as evenly as there is room, and each stays where it is as long as that is even. Pure."""

from collections.abc import Collection, Mapping, Sequence
from itertools import count as numbers
from itertools import islice


def indexes(*, replicas: int, there: Collection[int], without: int | None = None) -> list[int]:
    """The numbers of so many copies: the lowest of those that are there, but for one, then the lowest free ones."""
    kept = sorted(set(there) - {without})[:replicas]
    free = (number for number in numbers(1) if number not in there)
    return sorted([*kept, *islice(free, replicas - len(kept))])


def spread(
    *,
    wanted: Sequence[int],
    hosts: Sequence[str],
    now: Mapping[int, str],
    room: Mapping[str, int] | None = None,
    pinned: Mapping[int, str] | None = None,
) -> dict[int, str]:
    """Host of each wanted index. No host gets two more than another that has room; what finds no room is left out.

    `hosts` are in the order of preference, `now` says where indexes are, `room` how many copies a host takes at most
    (one that is not in it: any number). The same input gives the same answer, and a spread given back as `now` stays as
    it is. Of those `pinned` each is where it is held to, room or not; the others even it out.
    """
    placed = {index: host for index, host in (pinned or {}).items() if index in wanted and host in hosts}
    filled = _Filled(hosts, placed, room or {}, copies=len(wanted) - len(placed))
    rest = [index for index in wanted if index not in placed]
    for index in rest:
        host = now.get(index)
        if host is not None and filled.takes(host):
            placed[index] = filled.add(host)
    for index in rest:
        open_hosts = [host for host in hosts if filled.takes(host)]
        if index not in placed and open_hosts:
            placed[index] = filled.add(min(open_hosts, key=lambda host: filled.count[host]))
    return dict(sorted(placed.items()))


class _Filled:
    """Hosts while copies are poured over them, up to one level; `extra` of them get one more."""

    def __init__(
        self, hosts: Sequence[str], placed: Mapping[int, str], room: Mapping[str, int], *, copies: int
    ) -> None:
        held = list(placed.values())
        self.count = {host: held.count(host) for host in hosts}
        self._most = {host: max(room.get(host, copies + len(held)), self.count[host]) for host in hosts}
        self._level = max((level for level in range(copies + len(held) + 1) if self._to(level) <= copies), default=0)
        self._extra = copies - self._to(self._level)

    def takes(self, host: str) -> bool:
        """Is there a place for one more, if all is to be even?"""
        if host not in self.count or self.count[host] >= self._most[host]:
            return False
        return self.count[host] < self._level or (self.count[host] == self._level and self._extra > 0)

    def add(self, host: str) -> str:
        """One more there."""
        self._extra -= self.count[host] == self._level
        self.count[host] += 1
        return host

    def _to(self, level: int) -> int:
        """How many copies it takes to fill every host to this level, as far as it has room."""
        return sum(max(0, min(level, self._most[host]) - self.count[host]) for host in self.count)
