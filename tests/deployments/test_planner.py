"""Plans as values: equal facts give equal plans, spread stays even and stays put."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deployments.rig import digest
from webapp.deployments.planning.planner import make_plan
from webapp.deployments.planning.plans import (
    Before,
    Content,
    Copy,
    HostFacts,
    HostStep,
    PlannedReplica,
    PlanRequest,
    canonical,
    plan_hash,
    read_plan,
)
from webapp.deployments.settings.aspects import DEFAULTS
from webapp.problems import Conflicting, Unplannable

CONTENT = Content(
    build="b1", build_number=7, digest=digest(7), config_digest=digest(7), settings=dict(DEFAULTS), variables={"A": "1"}
)
A = HostFacts(id="h1", name="a", state="ready")
B = HostFacts(id="h2", name="b", state="ready")
HOSTS = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=8, unique=True)


def request(**more: Any) -> PlanRequest:
    given: dict[str, Any] = {
        "kind": "deploy",
        "service": "front",
        "environment": "dev",
        "content": CONTENT,
        "replicas": 2,
        "hosts": [A],
    }
    return PlanRequest(**{**given, **more})


def with_port(host: int | None) -> Content:
    ports = [{"container": 80, "host": host, "protocol": "tcp"}]
    return msgspec.structs.replace(CONTENT, settings={**DEFAULTS, "ports": ports})


def reasons(**more: Any) -> list[str]:
    with pytest.raises(Unplannable) as refused:
        make_plan(request(**more))
    return refused.value.reasons


def test_a_first_deployment_in_words_and_per_host() -> None:
    plan = make_plan(request(hosts=[B, A], replicas=3))
    assert plan.sentence == "Deploy build 7 of front to dev on a and b as 3 replicas."
    assert plan.steps == (
        HostStep(
            host="h1",
            name="a",
            words="a: start 1 and 3",
            replicas=(PlannedReplica(index=1), PlannedReplica(index=3)),
        ),
        HostStep(host="h2", name="b", words="b: start 2", replicas=(PlannedReplica(index=2),)),
    )
    assert plan.start_first and plan.before is None and plan.notes == ()


def test_a_new_build_takes_the_place_of_the_old_replicas() -> None:
    copies = [Copy(replica="r1", index=1, host="h1"), Copy(replica="r2", index=2, host="h1")]
    before = Before(release="x", number=3, build_number=6, replicas=2)
    plan = make_plan(request(copies=copies, before=before))
    assert plan.sentence == "Deploy build 7 of front to dev on a as 2 replicas, in the place of build 6."
    assert plan.steps[0].words == "a: start 1 and 2; remove the former 1 and 2"
    assert [copy.replica for copy in plan.steps[0].before] == ["r1", "r2"]


def test_one_replica_is_restarted_and_the_other_stays() -> None:
    copies = [Copy(replica="r1", index=1, host="h1", same=True), Copy(replica="r2", index=2, host="h1", same=True)]
    plan = make_plan(request(kind="restart", copies=copies, only="r2"))
    assert plan.steps[0].replicas == (
        PlannedReplica(index=1, replica="r1"),
        PlannedReplica(index=2, replica="r2", restart=True),
    )
    assert plan.steps[0].words == "a: restart 2"


def test_stop_keeps_the_containers_and_start_takes_them_up_again() -> None:
    copies = [Copy(replica="r1", index=1, host="h1", same=True)]
    stopped = make_plan(request(kind="stop", copies=copies, replicas=1, stopped=True))
    assert stopped.steps[0].replicas == (PlannedReplica(index=1, replica="r1", desired="stopped"),)
    copies = [Copy(replica="r1", index=1, host="h1", same=True, desired="stopped")]
    assert make_plan(request(kind="start", copies=copies, replicas=1)).steps[0].words == "a: start 1"


def test_fewer_replicas_take_away_the_highest_numbers() -> None:
    copies = [Copy(replica=f"r{index}", index=index, host="h1", same=True) for index in (1, 2, 3)]
    plan = make_plan(request(kind="scale", copies=copies, replicas=1))
    assert plan.steps[0].words == "a: remove the former 2 and 3"


def test_a_fixed_host_port_is_let_go_before_it_is_taken() -> None:
    plan = make_plan(request(content=with_port(8080), replicas=2, hosts=[A, B]))
    assert not plan.start_first
    assert "would share one" in reasons(content=with_port(8080), replicas=3, hosts=[A, B])[0]


def test_what_fixed_host_ports_leave_of_a_rolling_release_is_said_and_blue_green_is_refused() -> None:
    former = [Copy(replica="r1", index=1, host="h1")]
    plan = make_plan(request(content=with_port(8080), replicas=1, copies=former))
    assert not plan.start_first and plan.unavailable == 1 and "none can be extra" in plan.notes[0]
    both = {**with_port(8080).settings, "strategy": {"kind": "blue_green"}}
    assert "serves one" in reasons(content=msgspec.structs.replace(CONTENT, settings=both), replicas=1)[0]


def with_strategy(kind: str, **more: int) -> Content:
    return msgspec.structs.replace(CONTENT, settings={**DEFAULTS, "strategy": {"kind": kind, **more}})


FORMER = [Copy(replica="r1", index=1, host="h1"), Copy(replica="r2", index=2, host="h2")]


def test_blue_green_proves_on_all_hosts_before_any_switches() -> None:
    plan = make_plan(request(content=with_strategy("blue_green"), hosts=[A, B], copies=FORMER))
    assert [(step.name, step.until) for step in plan.steps] == [
        ("a", "proved"),
        ("b", "proved"),
        ("a", "done"),
        ("b", "done"),
    ]
    assert [step.words for step in plan.steps][::2] == [
        "a: start 1 beside the former, and prove them",
        "a: remove the former 1",
    ]
    assert plan.start_first and plan.surge == 2 and "at once" in plan.manner


def test_recreate_stops_on_all_hosts_before_any_starts() -> None:
    plan = make_plan(request(content=with_strategy("recreate"), hosts=[A, B], copies=FORMER))
    assert [(step.name, step.until) for step in plan.steps] == [
        ("a", "stopped"),
        ("b", "stopped"),
        ("a", "done"),
        ("b", "done"),
    ]
    assert plan.steps[0].words == "a: stop 1" and not plan.start_first and plan.unavailable == 2


@pytest.mark.parametrize("kind", ["blue_green", "recreate"])
def test_where_nothing_makes_way_or_there_is_one_host_one_step_is_enough(kind: str) -> None:
    content = with_strategy(kind)
    assert len(make_plan(request(content=content, hosts=[A, B])).steps) == 2
    assert len(make_plan(request(content=content, copies=[FORMER[0]])).steps) == 1
    same = [msgspec.structs.replace(copy, same=True) for copy in FORMER]
    assert len(make_plan(request(kind="scale", content=content, hosts=[A, B], copies=same, replicas=3)).steps) == 2


def test_a_rolling_release_has_the_pace_that_was_set() -> None:
    plan = make_plan(request(content=with_strategy("rolling", surge=3, unavailable=1), copies=FORMER[:1]))
    assert (plan.start_first, plan.surge, plan.unavailable) == (True, 3, 1) and "3 extra and 1 down" in plan.manner
    plan = make_plan(request(content=with_strategy("rolling", surge=0, unavailable=2)))
    assert (plan.start_first, plan.unavailable) == (False, 2)


def test_a_port_that_another_holds_is_a_conflict_there_only() -> None:
    held = msgspec.structs.replace(A, taken_ports={"8080/tcp": "another service"})
    with pytest.raises(Conflicting) as refused:
        make_plan(request(content=with_port(8080), replicas=1, hosts=[held]))
    assert refused.value.code == "port.held" and "host a" in refused.value.detail
    assert make_plan(request(content=with_port(8081), replicas=1, hosts=[held])).steps
    assert make_plan(request(content=with_port(None), replicas=1, hosts=[held])).steps


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"state": "drained"}, "drained"),
        ({"state": "unknown"}, "not been heard"),
        ({"state": "engine_down"}, "engine"),
        ({"state": "enrolled"}, "never been heard"),
        ({"state": "revoked"}, "credential"),
        ({"holds_image": False}, "does not hold the image"),
        ({"serves_team": False}, "does not serve the team"),
    ],
)
def test_why_a_host_cannot_take_it(changes: dict[str, Any], word: str) -> None:
    unfit = msgspec.structs.replace(A, **changes)
    assert word in reasons(hosts=[unfit])[0]
    plan = make_plan(request(hosts=[unfit, B]))
    assert [step.name for step in plan.steps] == ["b"] and word in plan.notes[0]


def test_no_host_and_no_build_are_both_told() -> None:
    told = reasons(hosts=[], build_state="failed")
    assert len(told) == 2 and "failed" in told[0] and "no host" in told[1]


def test_a_silent_host_that_runs_replicas_holds_the_plan_back_a_drained_one_is_emptied() -> None:
    copies = [Copy(replica="r1", index=1, host="h1")]
    silent = msgspec.structs.replace(A, state="unknown")
    assert "still runs replicas" in reasons(hosts=[silent, B], copies=copies)[0]
    drained = msgspec.structs.replace(A, state="drained")
    plan = make_plan(request(hosts=[drained, B], copies=copies))
    assert [(step.name, len(step.replicas)) for step in plan.steps] == [("b", 2), ("a", 0)]


def test_a_plan_comes_back_from_the_database_as_it_was() -> None:
    plan = make_plan(request(hosts=[A, B], before=Before(release="x", number=1, build_number=1, replicas=1)))
    again = read_plan(msgspec.json.decode(msgspec.json.encode(canonical(plan))))
    assert again == plan and plan_hash(again) == plan_hash(plan)


@given(st.permutations([A, B]), st.permutations(sorted(DEFAULTS)), st.permutations(["X", "Y", "Z"]))
def test_the_hash_does_not_see_the_order_of_facts(
    hosts: list[HostFacts], settings: list[str], variables: list[str]
) -> None:
    content = msgspec.structs.replace(
        CONTENT,
        settings={name: DEFAULTS[name] for name in settings},
        variables={name: name.lower() for name in variables},
    )
    reference = msgspec.structs.replace(CONTENT, variables={"X": "x", "Y": "y", "Z": "z"})
    assert plan_hash(make_plan(request(hosts=hosts, content=content))) == plan_hash(
        make_plan(request(hosts=[A, B], content=reference))
    )


def test_the_hash_sees_what_matters() -> None:
    plans = [
        make_plan(request()),
        make_plan(request(replicas=3)),
        make_plan(request(environment="staging")),
        make_plan(request(hosts=[B])),
        make_plan(request(content=msgspec.structs.replace(CONTENT, variables={"A": "2"}))),
        make_plan(request(content=msgspec.structs.replace(CONTENT, secrets={"S": {"id": "s1", "version": 1}}))),
        make_plan(request(content=msgspec.structs.replace(CONTENT, secrets={"S": {"id": "s2", "version": 2}}))),
        make_plan(request(content=msgspec.structs.replace(CONTENT, config_digest=digest(8)))),
        make_plan(request(before=Before(release="x", number=1, build_number=1, replicas=1))),
    ]
    assert len({plan_hash(plan) for plan in plans}) == len(plans)
