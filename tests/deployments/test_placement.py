"""Which hosts a plan uses: those with the labels and the room, and it says why each copy is where it is."""

from typing import Any

import msgspec
import pytest

from tests.deployments.test_planner import CONTENT, A, B, reasons, request
from webapp.deployments.planning.planner import make_plan
from webapp.deployments.planning.plans import Content, Copy, HostFacts, Plan
from webapp.deployments.settings.aspects import DEFAULTS
from webapp.deployments.settings.placement import LONGEST, SHORTEST
from webapp.deployments.settings.validation import clean_service
from webapp.problems import Invalid

C = HostFacts(id="h3", name="c", state="ready", labels={"zone": "north", "disk": "ssd"})
SILENT = msgspec.structs.replace(B, state="unknown")


def placed(plan: Plan) -> dict[int, str]:
    return {one.index: one.host for one in plan.why}


def why(plan: Plan, index: int) -> str:
    return next(one.why for one in plan.why if one.index == index)


def asking(**labels: str) -> Content:
    return msgspec.structs.replace(
        CONTENT, settings={**DEFAULTS, "placement": {**DEFAULTS["placement"], "labels": labels}}
    )


def at(*hosts: str, same: bool = True) -> list[Copy]:
    return [Copy(replica=f"r{index}", index=index, host=host, same=same) for index, host in enumerate(hosts, start=1)]


def test_only_hosts_with_every_label_are_used_and_the_others_are_named() -> None:
    plan = make_plan(request(hosts=[A, B, C], content=asking(zone="north", disk="ssd")))
    assert set(placed(plan).values()) == {"h3"}
    assert plan.notes[0] == "Host a lacks the label disk=ssd that the service asks for."
    assert why(plan, 1) == "c is the only host that can take it and has disk=ssd, zone=north."
    assert reasons(hosts=[A, B], content=asking(zone="north"))[0].startswith("Host a lacks the label zone=north")


def test_a_host_takes_as_many_as_it_has_room_for_and_the_others_take_the_rest() -> None:
    small = msgspec.structs.replace(A, max_replicas=3, used_replicas=2)
    plan = make_plan(request(hosts=[small, B], replicas=4))
    assert list(placed(plan).values()).count("h1") == 1 and list(placed(plan).values()).count("h2") == 3


@pytest.mark.parametrize(
    "bound",
    [
        {"max_replicas": 2, "used_replicas": 0},
        {"max_cpus": 2.5, "used_cpus": 0.5},
        {"max_memory": 2 * 512 * 1024**2 + 7, "used_memory": 7},
    ],
)
def test_each_bound_counts_and_too_many_are_refused_with_what_there_is_room_for(bound: dict[str, Any]) -> None:
    host = msgspec.structs.replace(A, **bound)
    assert len(placed(make_plan(request(hosts=[host], replicas=2)))) == 2
    assert reasons(hosts=[host], replicas=3)[0].startswith("There is room for 2 of 3 replicas")


def test_a_full_host_says_which_bound_and_nothing_of_what_others_run() -> None:
    full = msgspec.structs.replace(A, max_replicas=8, used_replicas=8)
    plan = make_plan(request(hosts=[full, B]))
    assert plan.notes == ("Host a may carry 8 replicas at most, and what others have there leaves no room.",)


def test_cpus_are_fractions_and_ten_tenths_are_one() -> None:
    tenth = msgspec.structs.replace(CONTENT, settings={**DEFAULTS, "limits": {**DEFAULTS["limits"], "cpus": 0.1}})
    host = msgspec.structs.replace(A, max_cpus=1.0)
    assert len(placed(make_plan(request(hosts=[host], content=tenth, replicas=10)))) == 10


def test_new_copies_go_where_least_runs_and_what_runs_stays() -> None:
    busy = msgspec.structs.replace(A, used_replicas=5)
    assert placed(make_plan(request(hosts=[busy, B], replicas=1))) == {1: "h2"}
    stays = make_plan(request(hosts=[busy, B], replicas=1, copies=at("h1", same=False)))
    assert placed(stays) == {1: "h1"} and why(stays, 1) == "It stays on a, where it was."


def test_why_a_copy_moved_is_said() -> None:
    drained = msgspec.structs.replace(B, state="drained")
    plan = make_plan(request(hosts=[A, drained], replicas=1, copies=at("h2", same=False)))
    assert why(plan, 1).startswith("It left b, which is drained") and "a is the only host" in why(plan, 1)
    even = make_plan(request(hosts=[A, B, C], replicas=3, copies=at("h1", "h1", "h1")))
    assert [one.why[:9] for one in even.why].count("It left a") == 2 and len(set(placed(even).values())) == 3
    assert "so that copies are spread evenly. Of 3 hosts" in why(even, 2)


def test_a_silent_host_is_left_without_a_word_after_the_others_are_done() -> None:
    copies = at("h1", "h2")
    assert "still runs replicas" in reasons(kind="scale", hosts=[A, SILENT], copies=copies)[0]
    plan = make_plan(request(kind="evacuation", hosts=[A, SILENT], copies=copies, leaving=("h2",)))
    assert plan.sentence == "Move front in dev to a, away from b."
    first, last = plan.steps
    assert (first.host, first.told) == ("h1", True) and (last.host, last.told, last.replicas) == ("h2", False, ())
    assert last.words == "b: is not heard; it removes 1 replica when it is heard again"
    assert plan.steps[0].replicas[0].replica == "r1", "what runs elsewhere is left alone"


def test_a_host_that_is_heard_is_left_in_its_turn() -> None:
    plan = make_plan(request(kind="evacuation", hosts=[A, B], copies=at("h1", "h2"), leaving=("h2",)))
    assert [(step.host, step.told, len(step.replicas)) for step in plan.steps] == [("h1", True, 2), ("h2", True, 0)]


def test_without_another_host_nothing_is_left() -> None:
    assert reasons(kind="evacuation", hosts=[A], copies=at("h1"), leaving=("h1",)) == ["Host a is being left."]


def test_one_replica_goes_and_the_others_keep_host_and_number() -> None:
    plan = make_plan(request(kind="scale", hosts=[A, B], replicas=2, copies=at("h1", "h2", "h1"), without="r1"))
    assert placed(plan) == {2: "h2", 3: "h1"} and plan.without == "r1"
    assert [copy.replica for step in plan.steps for copy in step.replicas] == ["r3", "r2"]


@pytest.mark.parametrize(
    ("placement", "field"),
    [
        ({"labels": {"Zone": "x"}}, "labels"),
        ({"labels": {"zone": ""}}, "labels"),
        ({"labels": {"zone": "a b"}}, "labels"),
        ({"labels": {f"k{number}": "v" for number in range(33)}}, "labels"),
        ({"labels": ["zone"]}, "labels"),
        ({"when_silent": "never"}, "when_silent"),
        ({"after": SHORTEST - 1}, "after"),
        ({"after": LONGEST + 1}, "after"),
    ],
)
def test_what_cannot_be_asked_for_is_told_by_field(placement: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_service(slug=None, settings={"placement": placement}, overrides=None, environments=frozenset())
    assert list(refused.value.errors) == [f"settings.placement.{field}"]
