"""Convergence: done twice is once, done half is finished, gone wrong is taken back."""

import msgspec
import pytest

from runtime.contract.container import Health, Port, Restart
from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Problem, ServiceResult
from runtime.engine.errors import EngineTimeout, EngineUnavailable, PortTaken
from runtime.engine.fake_calls import Trouble
from runtime.engine.values import ContainerPlan
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.procedures.rig import Harbour, order, with_spec


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


def refused(harbour: Harbour, wanted: ConvergeService, **more: str) -> ProcedureError:
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(wanted, **more)
    return caught.value


def attempt(harbour: Harbour, wanted: ConvergeService) -> Problem | None:
    try:
        harbour.converge(wanted, job="job0000002")
    except ProcedureError as error:
        return error.problem
    return None


def test_a_first_deployment_starts_every_replica(harbour: Harbour) -> None:
    result = harbour.converge(order(harbour.image(), replicas=2))
    assert harbour.running() == ["r1", "r1"]
    assert [replica.state for replica in result.replicas] == ["healthy", "healthy"]
    assert harbour.told.phases == ["rolling"]
    assert not harbour.told.ended("running")


def test_done_twice_is_done_once(harbour: Harbour) -> None:
    wanted = order(harbour.image(), replicas=2)
    first = harbour.converge(wanted)
    harbour.engine.calls.clear()
    assert harbour.converge(wanted) == first
    assert harbour.verbs("create", "start", "stop", "restart", "remove") == []


def test_a_new_release_takes_over_only_when_it_is_healthy(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(order(image))
    harbour.engine.calls.clear()
    harbour.converge(order(image, generation=2), job="job0000002")
    assert harbour.running() == ["r2"]
    assert len(harbour.here()) == 1
    assert harbour.verbs("create", "start", "stop", "remove") == ["create", "start", "stop", "remove"]


def test_a_fixed_port_makes_the_former_one_stop_first(harbour: Harbour) -> None:
    image = harbour.image()
    fixed = {"ports": (Port(container=80, host=18080),)}
    harbour.converge(with_spec(order(image, start_first=False), **fixed))
    harbour.engine.calls.clear()
    harbour.converge(with_spec(order(image, generation=2, start_first=False), **fixed), job="job0000002")
    assert harbour.running() == ["r2"]
    assert harbour.verbs("create", "start", "stop", "remove") == ["stop", "create", "start", "remove"]


@pytest.mark.parametrize("start_first", [True, False])
def test_a_release_that_dies_is_taken_back_and_its_last_lines_are_told(harbour: Harbour, start_first: bool) -> None:
    image = harbour.image()
    harbour.converge(order(image, replicas=2))
    broken = with_spec(
        order(image, generation=2, replicas=2, start_first=start_first),
        command=("sh", "-c", "echo cannot find the database >&2; exit 4"),
    )
    error = refused(harbour, broken, job="job0000002")
    assert error.problem.code == "unhealthy"
    assert error.problem.whose == "user"
    assert "exit code 4" in error.problem.message
    assert error.problem.evidence == ["cannot find the database"]
    assert harbour.running() == ["r1", "r1"]
    assert len(harbour.here()) == 2
    assert isinstance(error.result, ServiceResult)
    assert error.result.reverted


def test_the_second_replica_failing_brings_the_first_former_one_back(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(order(image, replicas=2))
    harbour.engine.trouble.append(Trouble(call="start", error=PortTaken("taken"), times=0))
    starts: list[Trouble] = harbour.engine.trouble

    def second_start_fails() -> None:
        if "r2" in harbour.running():
            starts[0].times = 1
            harbour.told.on_wait = None

    harbour.told.on_wait = second_start_fails
    error = refused(harbour, order(image, generation=2, replicas=2), job="job0000002")
    assert error.problem.code == "port_taken"
    assert harbour.running() == ["r1", "r1"]
    assert isinstance(error.result, ServiceResult)
    assert error.result.reverted


@pytest.mark.parametrize("step", ["Start replica 1", "Wait until replica 1", "Start replica 2", "Wait until replica 2"])
def test_cancelled_in_the_middle_one_complete_release_serves(harbour: Harbour, step: str) -> None:
    image = harbour.image()
    harbour.converge(order(image, replicas=2))
    harbour.told.stop_at_step = step
    with pytest.raises(Cancelled):
        harbour.converge(order(image, generation=2, replicas=2), job="job0000002")
    assert harbour.running() == ["r1", "r1"]
    assert len(harbour.here()) == 2


@pytest.mark.parametrize("call", ["create", "start", "container", "stop", "remove"])
@pytest.mark.parametrize("after", [True, False])
def test_an_engine_that_breaks_off_anywhere_is_caught_up_with_by_the_next_attempt(
    harbour: Harbour, call: str, after: bool
) -> None:
    image = harbour.image()
    harbour.converge(order(image, replicas=2))
    gone = EngineUnavailable("it broke off")
    harbour.engine.trouble.append(Trouble(call=call, error=gone, times=2, after=after))
    wanted = order(image, generation=2, replicas=2)
    attempts = 0
    while harbour.running() != ["r2", "r2"] or len(harbour.here()) != 2:
        attempts += 1
        assert attempts < 6
        problem = attempt(harbour, wanted)
        assert problem is None or (problem.code == "engine_unavailable" and problem.retry_helps)
        assert harbour.running()


def test_a_create_whose_answer_is_lost_makes_one_container(harbour: Harbour) -> None:
    lost = Trouble(call="create", error=EngineTimeout("no answer"), after=True)
    harbour.engine.trouble.append(lost)
    harbour.converge(order(harbour.image()))
    assert harbour.running() == ["r1"]
    assert harbour.verbs("create") == ["create"]


def test_a_name_taken_by_somebody_else_is_a_problem_and_is_not_touched(harbour: Harbour) -> None:
    image = harbour.image()
    wanted = order(image)
    harbour.converge(wanted)
    ours = harbour.here()[0]
    harbour.engine.remove(ours.container_id)
    foreign = ContainerPlan(
        name=ours.name, spec=wanted.spec, variables={}, labels={}, network=next(iter(harbour.engine.networks)), alias=""
    )
    foreign_id = harbour.engine.create(foreign)
    assert refused(harbour, wanted).problem.code == "conflict"
    assert harbour.engine.container(foreign_id).name == ours.name


def test_containers_of_another_instance_or_service_are_left_alone(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(order(image))
    other = msgspec.structs.replace(order(image), service="01otherservice000000000000", service_slug="other")
    harbour.converge(other)
    harbour.converge(order(image, generation=2, replicas=0), job="job0000002")
    assert [one.labels["slipway.service"] for one in harbour.here()] == [other.service]


def test_no_replicas_wanted_removes_all_and_the_network_with_the_last(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(order(image, replicas=3))
    result = harbour.converge(order(image, generation=2, replicas=0), job="job0000002")
    assert result.replicas == []
    assert harbour.here() == []
    assert harbour.engine.networks == {}


def test_scaling_keeps_the_containers_that_are_there(harbour: Harbour) -> None:
    image = harbour.image()
    one = order(image)
    harbour.converge(one)
    first = harbour.here()[0].container_id
    three = msgspec.structs.replace(one, generation=2, replicas=one.replicas + order(image, replicas=3).replicas[1:])
    harbour.converge(three, job="job0000002")
    assert len(harbour.here()) == 3
    harbour.converge(msgspec.structs.replace(one, generation=3), job="job0000003")
    assert [container.container_id for container in harbour.here()] == [first]


def test_stopped_and_started_again_it_is_the_same_container(harbour: Harbour) -> None:
    wanted = order(harbour.image())
    harbour.converge(wanted)
    container = harbour.here()[0].container_id
    stopped = tuple(msgspec.structs.replace(replica, desired="stopped") for replica in wanted.replicas)
    result = harbour.converge(msgspec.structs.replace(wanted, replicas=stopped), job="job0000002")
    assert result.replicas[0].state == "stopped"
    assert harbour.running() == []
    harbour.converge(wanted, job="job0000003")
    assert harbour.running() == ["r1"]
    assert harbour.here()[0].container_id == container


def test_a_stopped_replica_without_a_container_gets_none(harbour: Harbour) -> None:
    wanted = order(harbour.image())
    stopped = tuple(msgspec.structs.replace(replica, desired="stopped") for replica in wanted.replicas)
    result = harbour.converge(msgspec.structs.replace(wanted, replicas=stopped))
    assert [(replica.state, replica.container) for replica in result.replicas] == [("stopped", None)]
    assert harbour.here() == []


def test_a_restart_happens_once_per_job_however_often_it_is_taken_up(harbour: Harbour) -> None:
    wanted = order(harbour.image(), replicas=2)
    harbour.converge(wanted)
    again = msgspec.structs.replace(wanted, restart=(wanted.replicas[0].replica,))
    for job in ("job0000002", "job0000002", "job0000003", "job0000003"):
        harbour.converge(again, job=job)
    assert harbour.verbs("restart") == ["restart", "restart"]
    assert len(harbour.here()) == 2


@pytest.mark.parametrize("call", ["rename", "restart"])
@pytest.mark.parametrize("after", [True, False])
def test_a_restart_cut_off_is_done_once_by_the_next_attempt(harbour: Harbour, call: str, after: bool) -> None:
    wanted = order(harbour.image())
    harbour.converge(wanted)
    before = harbour.here()[0].started_ns
    again = msgspec.structs.replace(wanted, restart=(wanted.replicas[0].replica,))
    harbour.engine.trouble.append(Trouble(call=call, error=EngineUnavailable("gone"), after=after))
    refused(harbour, again, job="job0000002")
    harbour.converge(again, job="job0000002")
    harbour.converge(again, job="job0000002")
    restarts = [event for event in harbour.engine.recorded if event.action == "restart"]
    assert len(restarts) == 1
    assert harbour.here()[0].started_ns != before


def test_an_older_order_than_what_runs_is_refused(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(order(image, generation=5))
    error = refused(harbour, order(image, generation=4), job="job0000002")
    assert error.problem.code == "order_outdated"
    assert harbour.running() == ["r5"]


def test_an_image_that_is_not_here_is_told_before_anything_is_touched(harbour: Harbour) -> None:
    harbour.converge(order(harbour.image()))
    error = refused(harbour, order("sha256:" + "0" * 64, generation=2), job="job0000002")
    assert (error.problem.code, error.problem.whose) == ("image_missing", "host")
    assert harbour.running() == ["r1"]


def test_a_missing_secret_is_our_fault(harbour: Harbour) -> None:
    wanted = with_spec(order(harbour.image()), secrets={"PASSWORD": "db"})
    assert refused(harbour, wanted).problem.code == "secret_missing"


def test_a_secret_reaches_the_container_and_no_text(harbour: Harbour) -> None:
    wanted = with_spec(
        order(harbour.image()),
        secrets={"PASSWORD": "db"},
        command=("sh", "-c", "echo hunter22 is wrong; exit 1"),
    )
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(wanted, db="hunter22")
    assert "hunter22" not in repr(caught.value.problem)
    assert caught.value.problem.evidence == ["•••••• is wrong"]
    good = with_spec(order(harbour.image()), secrets={"PASSWORD": "db"})
    harbour.converge(good, db="hunter22")
    made = next(iter(harbour.engine.containers.values()))
    assert made.plan.variables == {"PASSWORD": "hunter22"}
    assert "hunter22" not in repr(made.plan.labels)


def test_one_that_keeps_crashing_is_not_waited_for_until_the_deadline(harbour: Harbour) -> None:
    wanted = with_spec(
        order(harbour.image()),
        command=("sh", "-c", "exit 1"),
        restart=Restart(policy="unless-stopped"),
        health=Health(deadline=600.0),
    )
    error = refused(harbour, wanted)
    assert "crashing" in error.problem.message
    assert harbour.told.clock < 10
    assert harbour.here() == []


def test_out_of_memory_is_called_by_its_name(harbour: Harbour) -> None:
    wanted = with_spec(order(harbour.image()), command=("tail", "/dev/zero"))
    assert refused(harbour, wanted).problem.code == "out_of_memory"


def test_a_dead_attempt_is_finished_by_the_next_one(harbour: Harbour) -> None:
    """What a worker killed between two steps leaves behind, at every step there is."""
    image = harbour.image()
    died_at = 0
    while True:
        harbour.engine.containers.clear()
        harbour.converge(order(image, replicas=2), job="job0000001")
        harbour.engine.calls.clear()
        died_at += 1
        changing = [0]

        def die(verb: str, counted: list[int] = changing, limit: int = died_at) -> None:
            counted[0] += verb in ("create", "start", "stop", "remove")
            if counted[0] == limit:
                counted[0] += 1000
                raise KeyboardInterrupt

        harbour.engine.before_call = die
        wanted = order(image, generation=2, replicas=2)
        try:
            harbour.converge(wanted, job="job0000002")
            break
        except KeyboardInterrupt:
            harbour.engine.before_call = None
        assert harbour.running(), f"nothing serves after death before change {died_at}"
        harbour.converge(wanted, job="job0000002")
        assert harbour.running() == ["r2", "r2"]
        assert len(harbour.here()) == 2
    assert died_at > 8


def test_what_the_host_is_to_ask_stands_in_a_label_and_asks_for_no_new_container(harbour: Harbour) -> None:
    health = Health(kind="http", port=8080, path="/healthz")
    wanted = with_spec(order(harbour.image()), health=health)
    harbour.converge(wanted)
    (made,) = harbour.engine.containers.values()
    assert msgspec.json.decode(made.plan.labels["slipway.health"], type=Health) == health
    del made.plan.labels["slipway.health"]  # type: ignore[attr-defined]  # as one made before there was this label
    harbour.converge(wanted)
    assert list(harbour.engine.containers) == [made.container_id]


def test_a_check_of_the_engines_own_needs_no_label(harbour: Harbour) -> None:
    harbour.converge(with_spec(order(harbour.image()), health=Health(kind="command", command=("true",))))
    (made,) = harbour.engine.containers.values()
    assert "slipway.health" not in made.plan.labels
