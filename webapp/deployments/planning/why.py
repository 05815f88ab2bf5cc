"""Why each copy is where it is, in a sentence. Pure, and silent about what others run there."""

from collections.abc import Mapping

from webapp.deployments.planning.fitting import why_not
from webapp.deployments.planning.plans import HostFacts, Placed, PlanRequest
from webapp.deployments.settings.aspects import setting


def explain(
    request: PlanRequest, usable: Mapping[str, HostFacts], placed: Mapping[int, str], held: Mapping[int, str]
) -> tuple[Placed, ...]:
    """One sentence for each index; `held` are those that something holds to their host."""
    now = {copy.index: copy.host for copy in request.copies}
    hosts = {host.id: host for host in request.hosts}
    return tuple(
        Placed(
            index=index,
            host=host,
            why=_why(request, usable, host, hosts.get(now.get(index, "")), held=index in held),
        )
        for index, host in placed.items()
    )


def _why(
    request: PlanRequest, usable: Mapping[str, HostFacts], host: str, former: HostFacts | None, *, held: bool
) -> str:
    name = usable[host].name
    if held:
        return f"Its volumes are on {name}."
    if former is not None and former.id == host:
        return f"It stays on {name}, where it was{_labelled(request)}."
    return f"{_left(request, usable, former)}{_chosen(request, usable, name)}"


def _left(request: PlanRequest, usable: Mapping[str, HostFacts], former: HostFacts | None) -> str:
    if former is None:
        return ""
    if former.id in usable:
        return f"It left {former.name}, so that copies are spread evenly. "
    return f"It left {former.name}, which {why_not(request, former)} "


def _chosen(request: PlanRequest, usable: Mapping[str, HostFacts], name: str) -> str:
    if len(usable) == 1:
        return f"{name} is the only host that can take it{_labelled(request)}."
    return f"Of {len(usable)} hosts that can take it{_labelled(request)}, {name} had the fewest copies of it."


def _labelled(request: PlanRequest) -> str:
    labels: Mapping[str, str] = setting(request.content.settings, "placement")["labels"]
    asked = ", ".join(f"{key}={labels[key]}" for key in sorted(labels))
    return f" and has {asked}" if asked else ""
