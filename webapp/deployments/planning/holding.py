"""What holds a service's copies to a host: their volumes are there. Pure."""

from collections.abc import Mapping, Sequence

from webapp.deployments.planning.fitting import why_not
from webapp.deployments.planning.plans import HostFacts, PlanRequest


def pinned(
    request: PlanRequest, usable: Mapping[str, HostFacts], reasons: list[str], *, wanted: Sequence[int]
) -> dict[int, str]:
    """The host of each wanted index that has one by its volumes; what stands against it is added to the reasons."""
    names = {host.id: host for host in request.hosts}
    shared = _shared_host(request, usable, reasons)
    held = dict.fromkeys(wanted, shared) if shared else {}
    for index in wanted:
        for volume, host in sorted(request.pins.get(index, {}).items()):
            if held.setdefault(index, host) != host:
                reasons.append(
                    f"Replica {index} cannot have all its volumes: {volume} is on host {_name(names, host)}, "
                    f"another on {_name(names, held[index])}."
                )
    for index, host in held.items():
        if host not in usable:
            reasons.append(
                f"Replica {index} has its volumes on host {_name(names, host)}, {_why(request, names, host)}"
            )
    return held


def _shared_host(request: PlanRequest, usable: Mapping[str, HostFacts], reasons: list[str]) -> str | None:
    """All copies of a service with a shared volume are where that is, or where the first of them is."""
    if not any(volume.get("shared") for volume in request.content.settings.get("volumes", [])):
        return None
    hosts = sorted(set(request.shared_pins.values()))
    if len(hosts) > 1:
        reasons.append("The volumes that it shares are on several hosts: a replica can have one host's only.")
    now: Sequence[str] = [copy.host for copy in request.copies if copy.host in usable]
    own = [host for index in sorted(request.pins) for host in request.pins[index].values()]
    first = sorted(usable, key=lambda host: usable[host].name)
    return next(iter([*hosts, *own, *now, *first]), None)


def _name(names: Mapping[str, HostFacts], host: str) -> str:
    return names[host].name if host in names else "that left the environment"


def _why(request: PlanRequest, names: Mapping[str, HostFacts], host: str) -> str:
    why = why_not(request, names[host]) if host in names else "is not asked for this."
    return f"which {why}"
