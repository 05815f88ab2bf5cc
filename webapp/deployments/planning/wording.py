"""A plan in words. Pure."""

from collections.abc import Collection, Sequence

from webapp.deployments.planning.plans import HostFacts, PlannedReplica, PlanRequest
from webapp.hosts.wording import why_not_ready


def why_not(host: HostFacts) -> str | None:
    """Why this host cannot take replicas, as the end of a sentence; None when it can."""
    if not host.in_environment:
        return "does not belong to the environment any more."
    if not host.serves_team:
        return "does not serve the team any more."
    if host.state != "ready":
        return why_not_ready(host.state)
    if not host.holds_image:
        return "does not hold the image, and no registry does: build it there, or push the build."
    if host.cannot:
        return host.cannot
    return None


def sentence(request: PlanRequest, hosts: Collection[str]) -> str:
    """What happens, for the one who approves it."""
    there = listed(sorted(hosts))
    place = f"{request.environment} on {there}"
    where = f"in {place}"
    copies = _copies(request.replicas)
    build = f"build {request.content.build_number}"
    what = f"{request.service} " + ("(one replica) " if request.only else "")
    if request.kind == "restart":
        return f"Restart {what}{where}."
    if request.kind == "stop":
        return f"Stop {what}{where}."
    if request.kind == "start":
        return f"Start {what}{where}."
    if request.kind == "evacuation":
        left = [host.name for host in request.hosts if host.id in request.leaving]
        return f"Move {request.service} in {request.environment} to {there}, away from {listed(sorted(left))}."
    if request.kind == "scale":
        former = request.before.replicas if request.before else 0
        return f"Scale {request.service} {where} from {former} to {_copies(request.replicas)}."
    verb = {"promotion": "Promote", "rollback": "Roll back"}.get(request.kind, "Deploy")
    back = request.kind == "rollback"
    goal = f"{request.service} to {build} {where}" if back else f"{build} of {request.service} to {place}"
    instead = f", in the place of build {request.before.build_number}" if request.before else ""
    return f"{verb} {goal} as {copies}{instead}."


def first_step(name: str, first: str, replicas: Sequence[PlannedReplica], before: Sequence[PlannedReplica]) -> str:
    """What one host does before all go on."""
    if first == "stopped":
        return f"{name}: stop {indexes(before)}"
    return f"{name}: start {indexes(replicas)}{' beside the former' if before else ''}, and prove them"


def untold(name: str, before: Sequence[PlannedReplica]) -> str:
    """What becomes of a host that is left without being heard."""
    return f"{name}: is not heard; it removes {_copies(len(before))} when it is heard again"


def step(
    name: str, replicas: Sequence[PlannedReplica], before: Sequence[PlannedReplica], after: str | None = None
) -> str:
    """What one host does, in all or `after` its first step."""
    if not replicas:
        return f"{name}: remove {_copies(len(before))}"
    parts = []
    new = [copy.index for copy in replicas if not copy.replica and after != "proved"]
    restarted = [copy.index for copy in replicas if copy.restart]
    earlier = {copy.replica: copy.desired for copy in before}
    stopped = [copy.index for copy in replicas if copy.desired == "stopped" and earlier.get(copy.replica) == "running"]
    started = [copy.index for copy in replicas if copy.desired == "running" and earlier.get(copy.replica) == "stopped"]
    kept = {copy.replica for copy in replicas if copy.replica}
    removed = [copy.index for copy in before if copy.replica not in kept]
    for verb, indexes in (
        ("start", new + started),
        ("restart", restarted),
        ("stop", stopped),
        ("remove the former", removed),
    ):
        if indexes:
            parts.append(f"{verb} {listed([str(index) for index in sorted(indexes)])}")
    return f"{name}: {'; '.join(parts)}" if parts else f"{name}: {_copies(len(replicas))} as they are"


def indexes(copies: Sequence[PlannedReplica]) -> str:
    return listed([str(index) for index in sorted(copy.index for copy in copies)])


def _copies(count: int) -> str:
    return "1 replica" if count == 1 else f"{count} replicas"


def listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
