"""Where copies go: evenly, and each stays where it is as long as that is even. Pure."""

from collections.abc import Mapping, Sequence


def spread(*, replicas: int, hosts: Sequence[str], now: Mapping[int, str]) -> dict[int, str]:
    """Host of each index 1..replicas; empty without hosts. No host gets two more than another.

    `hosts` are in the order of preference, `now` says where indexes are. The same input gives the same answer, and a
    spread given back as `now` stays as it is.
    """
    if not hosts:
        return {}
    share, extra = divmod(replicas, len(hosts))
    placed: dict[int, str] = {}
    count = dict.fromkeys(hosts, 0)
    for index in range(1, replicas + 1):
        host = now.get(index)
        if host not in count:
            continue
        if count[host] < share or (count[host] == share and extra > 0):
            extra -= count[host] == share
            count[host] += 1
            placed[index] = host
    for index in range(1, replicas + 1):
        if index not in placed:
            host = min(hosts, key=lambda name: count[name])
            count[host] += 1
            placed[index] = host
    return dict(sorted(placed.items()))
