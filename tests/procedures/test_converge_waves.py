"""How a release takes over on one host: in waves, within what may be extra and down at a time."""

from typing import Any

import msgspec
import pytest

from runtime.contract.container import Health, Port
from runtime.contract.orders import ConvergeService
from runtime.procedures.converge_plan import make_plan
from runtime.procedures.converge_waves import Pace, pace_of, waves_of
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.procedures.rig import Harbour, order, with_spec


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


def second(harbour: Harbour, replicas: int = 4, **more: Any) -> ConvergeService:
    """The first release runs in as many copies; the order for the second one."""
    image = harbour.image()
    harbour.converge(order(image, replicas=replicas))
    harbour.engine.calls.clear()
    return order(image, generation=2, replicas=replicas, **more)


def letters(harbour: Harbour) -> str:
    """What was done to containers, a letter each: start, stop (e for end), remove."""
    names = {"start": "s", "stop": "e", "remove": "r"}
    return "".join(names[verb] for verb in harbour.verbs(*names))


@pytest.mark.parametrize(
    ("pace", "done"),
    [
        ({}, "sesesese" + "rrrr"),
        ({"surge": 2}, "sseesseerrrr"),
        ({"surge": 9}, "sssseeeerrrr"),
        ({"surge": 0}, "eseseses" + "rrrr"),
        ({"start_first": False, "unavailable": 4}, "eeeessssrrrr"),
        ({"surge": 1, "unavailable": 1}, "esseesserrrr"),
        ({"surge": 0, "unavailable": 3}, "eeesssesrrrr"),
    ],
)
def test_the_waves_are_as_wide_as_what_may_be_extra_and_down(harbour: Harbour, pace: dict[str, Any], done: str) -> None:
    harbour.converge(second(harbour, **pace), job="job0000002")
    assert letters(harbour) == done and harbour.running() == ["r2"] * 4


def test_replicas_of_a_wave_are_waited_for_side_by_side(harbour: Harbour) -> None:
    slow = Health(minimum_healthy=10.0)
    harbour.converge(with_spec(second(harbour, surge=4), health=slow), job="job0000002")
    assert 10.0 <= harbour.told.clock < 11.0


def test_who_is_at_fault_failed_and_who_waited_with_it_did_not(harbour: Harbour) -> None:
    wanted = with_spec(second(harbour, replicas=2, surge=2), command=("sh", "-c", "exit 7"))
    with pytest.raises(ProcedureError):
        harbour.converge(wanted, job="job0000002")
    assert harbour.told.ended("failed") == ["Wait until replica 1 is healthy"]
    assert harbour.told.ended("cancelled") == ["Wait until replica 2 is healthy"]
    assert harbour.running() == ["r1"] * 2


def test_until_proved_the_former_ones_serve_beside_and_until_done_they_go_at_once(harbour: Harbour) -> None:
    wanted = second(harbour, replicas=2, surge=2)
    harbour.converge(msgspec.structs.replace(wanted, until="proved"), job="job0000002")
    assert sorted(harbour.running()) == ["r1", "r1", "r2", "r2"] and letters(harbour) == "ss"
    harbour.converge(msgspec.structs.replace(wanted, until="proved"), job="job0000002")
    assert letters(harbour) == "ss", "twice is once"
    harbour.converge(wanted, job="job0000003")
    assert letters(harbour) == "sseerr" and harbour.running() == ["r2"] * 2


def test_what_died_between_its_proof_and_the_switch_is_found_before_the_former_ones_go(harbour: Harbour) -> None:
    wanted = second(harbour, replicas=2, surge=2)
    harbour.converge(msgspec.structs.replace(wanted, until="proved"), job="job0000002")
    harbour.prober.refusals = 10_000
    asked = with_spec(wanted, health=Health(kind="tcp", port=80, deadline=2.0))
    for made in harbour.engine.containers.values():  # as if they had been asked before, and answer no more
        if made.plan.labels["slipway.release"] == "r2":
            made.plan.labels["slipway.spec"] = make_spec(asked)  # type: ignore[index]
    with pytest.raises(ProcedureError) as refused:
        harbour.converge(asked, job="job0000003")
    assert refused.value.problem.code == "unhealthy" and harbour.running() == ["r1"] * 2


def make_spec(wanted: ConvergeService) -> str:
    scratch = Harbour()
    scratch.engine.add_image(tag="app:1")
    scratch.converge(wanted)
    (made, *_) = scratch.engine.containers.values()
    return made.plan.labels["slipway.spec"]


def test_until_stopped_nothing_starts_and_nothing_is_removed(harbour: Harbour) -> None:
    wanted = second(harbour, replicas=2, start_first=False, unavailable=2)
    for _ in range(2):
        harbour.converge(msgspec.structs.replace(wanted, until="stopped"), job="job0000002")
    assert letters(harbour) == "ee" and harbour.running() == [] and len(harbour.here()) == 2
    harbour.converge(wanted, job="job0000003")
    assert letters(harbour) == "eessrr" and harbour.running() == ["r2"] * 2


@pytest.mark.parametrize("until", ["stopped", "proved", "done"])
def test_cancelled_on_the_way_all_former_ones_serve(harbour: Harbour, until: str) -> None:
    wanted = second(harbour, replicas=3, surge=0, unavailable=2, until=until)
    harbour.told.stop_at_step = {"stopped": "Stop"}.get(until, "Wait until replica 2")
    try:
        harbour.converge(wanted, job="job0000002")
    except Cancelled:
        assert harbour.running() == ["r1"] * 3 and len(harbour.here()) == 3
    else:
        assert until == "stopped", "it was done before anybody looked"


def test_a_surplus_goes_first_only_where_nothing_may_be_extra(harbour: Harbour) -> None:
    image = harbour.image()
    for start_first, done in ((True, "sesee" + "rrr"), (False, "eeses" + "rrr")):
        harbour.engine.containers.clear()
        harbour.converge(order(image, replicas=3))
        harbour.engine.calls.clear()
        harbour.converge(order(image, generation=2, replicas=2, start_first=start_first), job="job0000002")
        assert letters(harbour) == done


def test_fixed_ports_are_let_go_wave_by_wave(harbour: Harbour) -> None:
    image = harbour.image()
    ports = {"ports": (Port(container=80, host=18080),)}
    harbour.converge(with_spec(order(image), **ports))
    harbour.converge(with_spec(order(image, generation=2, start_first=False, surge=5), **ports), job="job0000002")
    assert harbour.running() == ["r2"]


def test_one_container_at_a_time_is_restarted_where_none_may_be_down(harbour: Harbour) -> None:
    wanted = order(harbour.image(), replicas=3)
    harbour.converge(wanted)
    names = tuple(replica.replica for replica in wanted.replicas)
    for pace, sizes in ((Pace(surge=3, unavailable=0), [1, 1, 1]), (Pace(surge=0, unavailable=3), [3])):
        plan = make_plan(msgspec.structs.replace(wanted, restart=names), harbour.here(), job="job0000002")
        assert [len(wave.turns) for wave in waves_of(plan, pace)] == sizes


def test_what_an_order_of_long_ago_says_is_understood() -> None:
    assert pace_of(order("i")) == Pace(surge=1, unavailable=0)
    assert pace_of(order("i", start_first=False)) == Pace(surge=0, unavailable=1)


def test_a_stop_that_is_cancelled_half_way_starts_again_what_it_stopped(harbour: Harbour) -> None:
    wanted = order(harbour.image(), replicas=2)
    harbour.converge(wanted)
    stopped = tuple(msgspec.structs.replace(replica, desired="stopped") for replica in wanted.replicas)
    harbour.told.stop_at_step = "Stop replica 1"
    with pytest.raises(Cancelled):
        harbour.converge(msgspec.structs.replace(wanted, replicas=stopped), job="job0000002")
    assert harbour.running() == ["r1"] * 2


def test_a_release_that_fails_lets_go_of_the_port_before_the_former_one_takes_it_again(harbour: Harbour) -> None:
    ports = {"ports": (Port(container=80, host=18080),)}
    harbour.converge(with_spec(order(harbour.image()), **ports))
    never = Health(kind="command", command=("false",), deadline=1.0)
    wanted = with_spec(order(harbour.image(), generation=2, start_first=False), **ports, health=never)
    with pytest.raises(ProcedureError) as refused:
        harbour.converge(wanted, job="job0000002")
    assert refused.value.problem.code == "unhealthy" and harbour.running() == ["r1"]
