"""Plans that carry data: a replica moves to another host with its volumes, or gets those of a backup. Pure.

The source stands still and stays until the target is healthy; whatever fails before is taken back step by step.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from webapp.deployments.planning import wording
from webapp.deployments.planning.manner import fixed_ports
from webapp.deployments.planning.plans import Copy, HostFacts, HostStep, Plan, PlannedReplica, PlanRequest
from webapp.problems import Conflicting, Unplannable


def move_plan(request: PlanRequest) -> Plan:
    """One replica goes to the host `to`. Raises `Unplannable`, `Conflicting` for a host port that is held."""
    moved, names = _moved(request), {host.id: host for host in request.hosts}
    target = names.get(request.to)
    _settle([*request.refused, *_source_reasons(moved, names), *_target_reasons(request, moved, target)])
    _check_ports(request, names[request.to])
    steps = _cold_steps(request, moved, names) if request.carried else _warm_steps(request, moved, names)
    data = f" with its volumes {wording.listed([one.name for one in request.carried])}" if request.carried else ""
    said = (
        f"Move replica {moved.index} of {request.service} in {request.environment} from {names[moved.host].name} "
        f"to {names[request.to].name}{data}."
    )
    return _plan(request, said, steps)


def restore_plan(request: PlanRequest) -> Plan:
    """A volume's data becomes that of a backup: a new volume beside it, then a new container. Raises `Unplannable`."""
    (carried,) = request.carried
    names = {host.id: host for host in request.hosts}
    host = names[carried.host]
    why = wording.why_not(msgspec.structs.replace(host, in_environment=True, holds_image=True))
    who = [copy for copy in request.copies if carried.index in (0, copy.index)]
    _settle(
        [
            *request.refused,
            *([f"Host {host.name} {why}"] if why else []),
            *([] if who else ["No replica has this volume: scale the service up to it first."]),
            *_others_reasons(request),
        ]
    )
    after = tuple(
        PlannedReplica(index=copy.index, desired=copy.desired) if copy in who else _as_is(copy)
        for copy in _on(request, carried.host)
    )
    steps = [
        HostStep(
            host=carried.host,
            name=host.name,
            words=f"{host.name}: restore the backup into a new volume {carried.name}, and read it back",
            act="restore",
            volume=carried.volume,
        ),
        _step(
            request,
            names,
            carried.host,
            after,
            f"mount it: {wording.listed([str(copy.index) for copy in who])} stop, and start with it",
        ),
    ]
    said = (
        f"Restore volume {carried.name} of {request.service} in {request.environment} from the backup of "
        f"{request.backup_said}; what is in it now stays beside."
    )
    return _plan(request, said, steps)


def _plan(request: PlanRequest, sentence: str, steps: Sequence[HostStep]) -> Plan:
    return Plan(
        kind=request.kind,
        sentence=sentence,
        service=request.service,
        environment=request.environment,
        content=request.content,
        replicas=request.replicas,
        stopped=request.stopped,
        start_first=False,
        surge=0,
        unavailable=1,
        steps=tuple(steps),
        before=request.before,
        only=request.only,
        to=request.to,
        volume=request.carried[0].volume if request.kind == "restore" else "",
        backup=request.backup,
    )


def _cold_steps(request: PlanRequest, moved: Copy, names: dict[str, HostFacts]) -> list[HostStep]:
    """Stop, pack, unpack and compare, start there, and only then let go here."""
    source, target = names[moved.host], names[request.to]
    here = _on(request, source.id)
    still = tuple(
        PlannedReplica(index=copy.index, replica=copy.replica, desired="stopped") if copy == moved else _as_is(copy)
        for copy in here
    )

    def carry(host: HostFacts, act: Literal["back_up", "restore"], words: Callable[[str], str]) -> list[HostStep]:
        return [
            HostStep(host=host.id, name=host.name, words=f"{host.name}: {words(one.name)}", act=act, volume=one.volume)
            for one in request.carried
        ]

    return [
        _step(request, names, source.id, still, f"stop replica {moved.index}", leaving=True),
        *carry(source, "back_up", lambda name: f"pack volume {name}"),
        *carry(target, "restore", lambda name: f"unpack volume {name}, and read it back"),
        *_warm_steps(request, moved, names),
    ]


def _warm_steps(request: PlanRequest, moved: Copy, names: dict[str, HostFacts]) -> list[HostStep]:
    there = (*map(_as_is, _on(request, request.to)), PlannedReplica(index=moved.index, desired=moved.desired))
    left = tuple(_as_is(copy) for copy in _on(request, moved.host) if copy != moved)
    return [
        _step(request, names, request.to, tuple(sorted(there, key=lambda one: one.index)), f"start {moved.index}"),
        _step(request, names, moved.host, left, f"let go of replica {moved.index}", leaving=True),
    ]


def _step(
    request: PlanRequest,
    names: dict[str, HostFacts],
    host: str,
    replicas: tuple[PlannedReplica, ...],
    words: str,
    *,
    leaving: bool = False,
) -> HostStep:
    name = names[host].name
    before = tuple(_as_is(copy) for copy in _on(request, host))
    return HostStep(host=host, name=name, words=f"{name}: {words}", replicas=replicas, before=before, leaving=leaving)


def _moved(request: PlanRequest) -> Copy:
    for copy in request.copies:
        if copy.replica == request.only:
            return copy
    raise Conflicting(code="replica.gone", detail="This replica is gone: another has taken its place.")


def _on(request: PlanRequest, host: str) -> list[Copy]:
    return sorted((copy for copy in request.copies if copy.host == host), key=lambda copy: copy.index)


def _as_is(copy: Copy) -> PlannedReplica:
    return PlannedReplica(index=copy.index, replica=copy.replica, desired=copy.desired)


def _source_reasons(moved: Copy, names: dict[str, HostFacts]) -> list[str]:
    """A drained host is just the one to move away from."""
    source = names[moved.host]
    return [] if source.state in ("ready", "drained") else [f"Host {source.name} {wording.why_not(source)}"]


def _target_reasons(request: PlanRequest, moved: Copy, target: HostFacts | None) -> list[str]:
    if target is None or not target.in_environment:
        return ["The host does not belong to the environment: an operator can add it."]
    if target.id == moved.host:
        return [f"It is on host {target.name} already."]
    why = wording.why_not(target)
    return [f"Host {target.name} {why}"] if why else _others_reasons(request)


def _others_reasons(request: PlanRequest) -> list[str]:
    """Data that others write to at the same time goes nowhere."""
    return [
        f"Volume {one.name} is shared, and others have it: {wording.listed(one.others)}. Stop or scale them down first."
        for one in request.carried
        if one.others
    ]


def _check_ports(request: PlanRequest, target: HostFacts) -> None:
    """Two copies cannot answer at one fixed port of the target."""
    for port in fixed_ports(request.content.settings):
        mine = f"another replica of {request.service}" if _on(request, target.id) else ""
        holder = target.taken_ports.get(port) or mine
        if holder:
            raise Conflicting(code="port.held", detail=f"Port {port} of host {target.name} is held by {holder}.")


def _settle(reasons: list[str]) -> None:
    if reasons:
        raise Unplannable(code="plan.refused", detail="This cannot be planned now.", reasons=reasons)
