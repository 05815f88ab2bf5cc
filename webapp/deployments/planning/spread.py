"""Where copies go: evenly, and each stays where it is as long as that is even. Pure."""

from collections.abc import Collection, Mapping, Sequence


def spread(
    *, replicas: int, hosts: Sequence[str], now: Mapping[int, str], pinned: Mapping[int, str] | None = None
) -> dict[int, str]:
    """Host of each index 1..replicas; empty without hosts. No host gets two more than another.

    `hosts` are in the order of preference, `now` says where indexes are. The same input gives the same answer, and a
    spread given back as `now` stays as it is. Of those `pinned` each is where it is held to; the others even it out.
    """
    if not hosts:
        return {}
    held = {index: host for index, host in (pinned or {}).items() if 1 <= index <= replicas and host in hosts}
    placed = dict(held)
    count = {host: list(held.values()).count(host) for host in hosts}
    level, extra = _level(replicas - len(held), count.values())
    for index in range(1, replicas + 1):
        host = now.get(index)
        if index in placed or host not in count:
            continue
        if count[host] < level or (count[host] == level and extra > 0):
            extra -= count[host] == level
            count[host] += 1
            placed[index] = host
    for index in range(1, replicas + 1):
        if index not in placed:
            host = min(hosts, key=lambda name: count[name])
            count[host] += 1
            placed[index] = host
    return dict(sorted(placed.items()))


def _level(copies: int, counts: Collection[int]) -> tuple[int, int]:
    """How many each host has when so many more copies are poured over what is there, and how many are left over."""
    level = 0
    while sum(max(0, level + 1 - count) for count in counts) <= copies:
        level += 1
    return level, copies - sum(max(0, level - count) for count in counts)
