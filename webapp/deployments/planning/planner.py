"""The planner: values in, values out. What a deployment will do, in words and per host.

It knows no database, no clock and no chance: equal requests give equal plans.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import msgspec

from webapp.deployments.planning import wording
from webapp.deployments.planning.carrying import move_plan, restore_plan
from webapp.deployments.planning.fitting import room, why_not
from webapp.deployments.planning.holding import pinned
from webapp.deployments.planning.manner import (
    Manner,
    apart_notes,
    blue_green_reasons,
    fixed_ports,
    in_words,
    manner_of,
)
from webapp.deployments.planning.plans import Copy, HostFacts, HostStep, Plan, PlannedReplica, PlanRequest
from webapp.deployments.planning.routing import check_routes, route_reasons
from webapp.deployments.planning.spread import indexes, spread
from webapp.deployments.planning.why import explain
from webapp.problems import Conflicting, Unplannable


def make_plan(request: PlanRequest) -> Plan:
    """The plan of this request. Raises `Unplannable` with every reason, `Conflicting` for a host port that is held."""
    if request.kind == "move":
        return move_plan(request)
    if request.kind == "restore":
        return restore_plan(request)
    reasons = [*_build_reasons(request), *request.refused]
    usable, notes = _usable(request, reasons)
    held = pinned(request, usable, reasons, wanted=_indexes(request))
    placed = _placed(request, usable, held)
    reasons += _room_reasons(request, usable, placed)
    reasons += _held_back(request, usable, placed) + _port_reasons(request, placed)
    reasons += blue_green_reasons(request.content.settings)
    chosen = [usable[host] for host in sorted(set(placed.values()))]
    reasons += route_reasons(request, chosen)
    if reasons:
        raise Unplannable(code="plan.refused", detail="This cannot be planned now.", reasons=reasons)
    _check_ports(request, usable, placed)
    check_routes(request, chosen)
    manner = _manner(request, placed)
    return Plan(
        kind=request.kind,
        sentence=wording.sentence(request, {usable[host].name for host in placed.values()}),
        service=request.service,
        environment=request.environment,
        content=request.content,
        replicas=request.replicas,
        stopped=request.stopped,
        start_first=manner.start_first,
        surge=manner.surge,
        unavailable=manner.unavailable,
        manner=in_words(manner) if _replaces(request) else "",
        steps=tuple(_steps(request, placed, manner)),
        before=request.before,
        only=request.only,
        without=request.without,
        leaving=request.leaving,
        why=explain(request, usable, placed, held),
        notes=(*notes, *(apart_notes(request.content.settings, manner) if _replaces(request) else ())),
    )


def _build_reasons(request: PlanRequest) -> list[str]:
    if request.build_state == "succeeded" and request.content.config_digest:
        return []
    return [f"Build {request.content.build_number} is {request.build_state}: only a build that succeeded can run."]


def _usable(request: PlanRequest, reasons: list[str]) -> tuple[dict[str, HostFacts], list[str]]:
    """Hosts that can take replicas; why others cannot, as notes, or as reasons when none is left."""
    usable: dict[str, HostFacts] = {}
    notes = []
    for host in sorted(request.hosts, key=lambda host: host.name):
        why = why_not(request, host)
        if why is None:
            usable[host.id] = host
        elif host.in_environment:
            notes.append(f"Host {host.name} {why}")
    if not any(host.in_environment for host in request.hosts):
        reasons.append(f"Environment {request.environment} has no host: give it one.")
    elif not usable:
        reasons.extend(notes)
    return usable, notes


def _indexes(request: PlanRequest) -> list[int]:
    gone = next((copy.index for copy in request.copies if copy.replica == request.without), None)
    return indexes(replicas=request.replicas, there={copy.index for copy in request.copies}, without=gone)


def _placed(request: PlanRequest, usable: Mapping[str, HostFacts], held: Mapping[int, str]) -> dict[int, str]:
    """The host of each copy. Of equal hosts those with less to run come first; what runs stays, whatever runs there."""
    rooms = {host.id: room(host, request.content.settings) for host in usable.values()}
    now = {copy.index: copy.host for copy in request.copies}
    return spread(
        wanted=_indexes(request),
        hosts=sorted(usable, key=lambda id: (usable[id].used_replicas, usable[id].name)),
        now=now,
        room={host: most for host, most in rooms.items() if most is not None},
        pinned={**_left_alone(request), **held},
    )


def _left_alone(request: PlanRequest) -> dict[int, str]:
    """What is about one replica moves no other."""
    if request.only is None and request.without is None:
        return {}
    return {copy.index: copy.host for copy in request.copies if copy.replica != request.without}


def _room_reasons(request: PlanRequest, usable: Mapping[str, HostFacts], placed: Mapping[int, str]) -> list[str]:
    if not usable or len(placed) == request.replicas:
        return []
    return [
        f"There is room for {len(placed)} of {request.replicas} replicas: fewer replicas, lower limits, or hosts that "
        "may carry more."
    ]


def _held_back(request: PlanRequest, usable: Mapping[str, HostFacts], placed: Mapping[int, str]) -> list[str]:
    """A host that is not heard cannot be told to take away what it runs. A drained one can, but takes no new order."""
    names = {host.id: host for host in request.hosts}
    reasons = []
    for host_id in sorted({copy.host for copy in request.copies} - set(usable)):
        host = names.get(host_id)
        if host is not None and host.id not in request.leaving and not _is_heard(host):
            reasons.append(f"Host {host.name} still runs replicas of {request.service}, and {wording.why_not(host)}")
    if request.only is not None and not _keeps(request, placed):
        reasons.append("The replica's host cannot be asked now.")
    return reasons


def _is_heard(host: HostFacts) -> bool:
    return host.state in ("ready", "drained")


def _keeps(request: PlanRequest, placed: Mapping[int, str]) -> bool:
    return any(copy.replica == request.only and placed.get(copy.index) == copy.host for copy in request.copies)


def _replaces(request: PlanRequest) -> bool:
    """Does something that runs make way for something else?"""
    return any(not copy.same for copy in request.copies)


def _manner(request: PlanRequest, placed: Mapping[int, str]) -> Manner:
    hosts = set(placed.values()) | {copy.host for copy in request.copies}
    over_hosts = _replaces(request) and len(hosts) > 1
    return manner_of(request.content.settings, replicas=request.replicas, over_hosts=over_hosts)


def _port_reasons(request: PlanRequest, placed: Mapping[int, str]) -> list[str]:
    """Two copies cannot answer at one fixed port of the same host."""
    fixed = fixed_ports(request.content.settings)
    most = max(Counter(placed.values()).values(), default=0)
    if not fixed or most < 2:
        return []
    return [f"Port {fixed[0]} of a host serves one replica, and {most} would share one: fewer replicas, or more hosts."]


def _check_ports(request: PlanRequest, usable: Mapping[str, HostFacts], placed: Mapping[int, str]) -> None:
    held = [
        f"Port {port} of host {usable[host].name} is held by {usable[host].taken_ports[port]}."
        for host in sorted(set(placed.values()))
        for port in fixed_ports(request.content.settings)
        if port in usable[host].taken_ports
    ]
    if held:
        raise Conflicting(code="port.held", detail=" ".join(held))


def _steps(request: PlanRequest, placed: Mapping[int, str], manner: Manner) -> list[HostStep]:
    """One step per host that runs or is to run a copy, hosts to be emptied last; or two, if all go before any goes on.

    What is only stopped at first is stopped where something runs, what is only proved is so where something will.
    """
    last = _last_steps(request, placed, manner)
    if manner.first is None:
        return last
    affected = [step for step in last if step.told and (step.before if manner.first == "stopped" else step.replicas)]
    first = [
        msgspec.structs.replace(
            step, until=manner.first, words=wording.first_step(step.name, manner.first, step.replicas, step.before)
        )
        for step in affected
    ]
    return first + last


def _last_steps(request: PlanRequest, placed: Mapping[int, str], manner: Manner) -> list[HostStep]:
    names = {host.id: host.name for host in request.hosts}
    unheard = {host.id for host in request.hosts if host.id in request.leaving and not _is_heard(host)}
    involved = set(placed.values()) | {copy.host for copy in request.copies}
    steps = []
    for host in involved:
        now = {copy.index: copy for copy in request.copies if copy.host == host}
        wanted = [index for index, chosen in sorted(placed.items()) if chosen == host]
        replicas = tuple(_planned(request, index, now.get(index)) for index in wanted)
        before = tuple(
            PlannedReplica(index=copy.index, replica=copy.replica, desired=copy.desired)
            for _, copy in sorted(now.items())
        )
        name = names.get(host, host)
        told = host not in unheard
        words = wording.step(name, replicas, before, after=manner.first) if told else wording.untold(name, before)
        steps.append(HostStep(host=host, name=name, words=words, replicas=replicas, before=before, told=told))
    return sorted(steps, key=lambda step: (not step.replicas, not step.told, step.name))


def _planned(request: PlanRequest, index: int, copy: Copy | None) -> PlannedReplica:
    """The copy that is there stays when it is of the same content; what it does depends on the kind."""
    if copy is None or not copy.same:
        return PlannedReplica(index=index, desired="stopped" if request.stopped else "running")
    meant = request.only in (None, copy.replica)
    desired: Literal["running", "stopped"] = copy.desired
    if request.kind == "stop" and meant:
        desired = "stopped"
    elif request.kind in ("deploy", "promotion", "rollback") or (request.kind in ("start", "restart") and meant):
        desired = "running"
    return PlannedReplica(
        index=index, replica=copy.replica, desired=desired, restart=request.kind == "restart" and meant
    )
