"""One job from claim to last word, against a control plane that misbehaves."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime.engine.errors import EngineUnavailable
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble as EngineTrouble
from runtime.engine.values import BuildEvent, BuildLine, BuildRequest, StepStarted
from runtime.worker.attempt import Hands
from runtime.worker.job import carry_out
from tests.waiting import until
from tests.worker.fake_control_plane import FakeControlPlane, FakeJob, Trouble
from tests.worker.given import ENVIRONMENT, SERVICE, add_job, build_order, converge_order, new_id

pytestmark = pytest.mark.thorough

SECRET = "correct-horse-battery"
ENDLESS = "echo begun; sleep 3600"


@contextmanager
def at_work(job: str, hands: Hands) -> Iterator[threading.Thread]:
    """The job is carried out in a thread, which has ended afterwards."""
    thread = threading.Thread(target=carry_out, args=(job,), kwargs={"hands": hands}, daemon=True)
    thread.start()
    yield thread
    thread.join(10)
    assert not thread.is_alive()


def test_a_build_is_claimed_reported_and_finished(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order("echo one; echo two", "echo three"))
    carry_out(job_id, hands=hands)
    job = control_plane.jobs[job_id]
    assert job.state == "succeeded"
    assert job.finish is not None and job.finish.result is not None and job.finish.problem is None
    said = control_plane.log(job.log).texts
    assert [text for text in said if text in ("one", "two", "three")] == ["one", "two", "three"]
    assert job.finish.last_line == len(said)
    assert job.progress[0].state == "running"
    assert any(told.phase == "building" for told in job.progress)
    assert all(step.state == "succeeded" for step in job.finish.steps)
    step = next(step for step in job.finish.steps if "echo one" in step.name)
    assert step.first_line is not None and step.last_line is not None
    assert said[step.first_line - 1 : step.last_line] == ["one", "two"]
    assert not list(hands.jobs.iterdir()), "nothing of it is left on the host"


def test_a_job_that_is_not_queued_is_left_alone(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order("echo one"))
    carry_out(job_id, hands=hands)
    carry_out(job_id, hands=hands)
    assert control_plane.jobs[job_id].attempt == 1
    carry_out(new_id(), hands=hands)


def test_a_failing_build_says_why(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order("echo before; exit 3"))
    carry_out(job_id, hands=hands)
    finish = control_plane.jobs[job_id].finish
    assert finish is not None and finish.state == "failed"
    assert finish.problem is not None and finish.problem.whose == "user"


@pytest.mark.parametrize("what", [503, "lost", "reset"])
@pytest.mark.parametrize("call", ["claims", "heartbeat", "progress", "lines", "finish"])
def test_every_call_survives_an_answer_that_does_not_come(
    call: str, what: int | str, control_plane: FakeControlPlane, hands: Hands
) -> None:
    job_id = add_job(control_plane, build_order("echo one; echo two"))
    control_plane.troubles.append(Trouble(call, what, times=2))
    carry_out(job_id, hands=hands)
    job = control_plane.jobs[job_id]
    if (call, what) == ("claims", "lost"):
        assert job.state == "claimed", "the lease finds it"
        return
    assert job.state == "succeeded"
    assert control_plane.log(job.log).texts.count("one") == 1
    assert control_plane.log(job.log).texts.count("two") == 1


def test_lines_lost_by_redis_are_sent_again(
    control_plane: FakeControlPlane, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.worker.outbox.PROBE_SECONDS", 0.2)
    control_plane.archives_at_once = False
    job_id = add_job(control_plane, build_order("echo one", "echo two", ENDLESS))
    job = control_plane.jobs[job_id]
    with at_work(job_id, hands):
        until(lambda: "begun" in control_plane.log(job.log).texts)
        before = list(control_plane.log(job.log).lines)
        control_plane.log(job.log).lose_hot_tail()
        until(lambda: control_plane.log(job.log).lines == before)
        job.cancel = True
    assert job.state == "cancelled"
    assert control_plane.log(job.log).lines[: len(before)] == before


def test_lines_lost_just_before_the_end_are_asked_for_by_the_finish(
    control_plane: FakeControlPlane, hands: Hands
) -> None:
    control_plane.archives_at_once = False
    job_id = add_job(control_plane, build_order("echo one", "echo two"))
    job = control_plane.jobs[job_id]
    control_plane.troubles.append(Trouble("finish", 503, times=3))
    with at_work(job_id, hands):
        until(lambda: control_plane.calls.count("finish") >= 1)
        control_plane.log(job.log).lose_hot_tail()
    assert job.state == "succeeded" and job.finish is not None
    texts = control_plane.log(job.log).texts
    assert len(texts) == job.finish.last_line
    assert [text for text in texts if text in ("one", "two")] == ["one", "two"]


def test_a_full_hot_tail_holds_the_lines_back(control_plane: FakeControlPlane, hands: Hands) -> None:
    control_plane.takes_lines = False
    job_id = add_job(control_plane, build_order("echo one; echo two"))
    job = control_plane.jobs[job_id]
    with at_work(job_id, hands):
        until(lambda: control_plane.calls.count("lines") >= 2)
        assert job.finish is None
        control_plane.takes_lines = True
    assert job.state == "succeeded"
    assert [text for text in control_plane.log(job.log).texts if text in ("one", "two")] == ["one", "two"]


def test_a_cancel_is_obeyed_within_three_seconds(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order(ENDLESS))
    job = control_plane.jobs[job_id]
    with at_work(job_id, hands):
        until(lambda: "begun" in control_plane.log(job.log).texts)
        since = time.monotonic()
        job.cancel = True
    assert time.monotonic() - since < 3
    assert job.state == "cancelled"
    assert job.finish is not None and {step.state for step in job.finish.steps} <= {"succeeded", "cancelled", "failed"}


def test_a_job_that_is_another_attempts_now_is_dropped_at_once(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order(ENDLESS))
    job = control_plane.jobs[job_id]
    with at_work(job_id, hands):
        until(lambda: "begun" in control_plane.log(job.log).texts)
        job.state, job.attempt = "claimed", job.attempt + 1
    assert job.finish is None
    assert job.state == "claimed"


def test_a_lease_that_is_not_renewed_in_time_ends_the_work(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order(ENDLESS))
    job = control_plane.jobs[job_id]
    job.lease = 0.6
    with at_work(job_id, hands):
        until(lambda: "begun" in control_plane.log(job.log).texts)
        control_plane.troubles += [Trouble(call, 503, times=10_000) for call in ("heartbeat", "lines", "progress")]
    assert job.finish is None
    assert "finish" not in control_plane.calls


def test_a_worker_that_stops_lets_its_jobs_go(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order(ENDLESS))
    job = control_plane.jobs[job_id]
    with at_work(job_id, hands):
        until(lambda: "begun" in control_plane.log(job.log).texts)
        hands.let_go()
    assert job.finish is None


def test_a_fault_of_ours_is_reported_and_not_swallowed(
    control_plane: FakeControlPlane, hands: Hands, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(request: BuildRequest, **_: object) -> Iterator[BuildEvent]:
        raise ZeroDivisionError(f"by {SECRET}")

    monkeypatch.setattr(engine, "build", explode)
    job_id = add_job(control_plane, build_order("echo one"), secrets={"password": SECRET})
    carry_out(job_id, hands=hands)
    finish = control_plane.jobs[job_id].finish
    assert finish is not None and finish.state == "failed" and finish.problem is not None
    assert finish.problem.whose == "us"
    assert "ZeroDivisionError" in finish.problem.message
    assert SECRET not in repr(finish)


def test_an_engine_that_is_away_is_the_hosts_fault(
    control_plane: FakeControlPlane, hands: Hands, engine: FakeEngine
) -> None:
    engine.trouble.append(EngineTrouble(call="build", error=EngineUnavailable("it is away"), times=9))
    job_id = add_job(control_plane, build_order("echo one"))
    carry_out(job_id, hands=hands)
    finish = control_plane.jobs[job_id].finish
    assert finish is not None and finish.problem is not None
    assert (finish.problem.code, finish.problem.whose) == ("engine_unavailable", "host")


def test_no_secret_leaves_the_host(control_plane: FakeControlPlane, hands: Hands) -> None:
    job_id = add_job(control_plane, build_order(f"echo it is {SECRET}", "exit 1"), secrets={"password": SECRET})
    carry_out(job_id, hands=hands)
    job = control_plane.jobs[job_id]
    assert any(text.startswith("it is ") for text in control_plane.log(job.log).texts)
    assert SECRET not in repr((control_plane.log(job.log), job.progress, job.finish))


def test_a_convergence_runs_replicas_and_leaves_word_what_to_mask(
    control_plane: FakeControlPlane, hands: Hands, engine: FakeEngine
) -> None:
    image = engine.image("base:1").image_id
    order = converge_order(new_id(), new_id(), image=image)
    job_id = add_job(control_plane, order, secrets={"password": SECRET})
    carry_out(job_id, hands=hands)
    job = control_plane.jobs[job_id]
    assert job.state == "succeeded", job.finish
    assert len(engine.containers) == 2
    assert SECRET not in hands.masks.redactor(service=SERVICE, environment=ENVIRONMENT).mask(f"x {SECRET}")
    assert oct((hands.jobs.parent / "masks" / f"{SERVICE}-{ENVIRONMENT}.json").stat().st_mode)[-3:] == "600"


def test_a_service_with_no_replicas_leaves_no_secret_behind(
    control_plane: FakeControlPlane, hands: Hands, engine: FakeEngine
) -> None:
    image = engine.image("base:1").image_id
    for replicas in ((new_id(),), ()):
        order = converge_order(*replicas, image=image)
        carry_out(add_job(control_plane, order, secrets={"password": SECRET}), hands=hands)
    assert not engine.containers
    assert not list((hands.jobs.parent / "masks").iterdir())


def test_two_orders_about_one_service_take_turns(
    control_plane: FakeControlPlane, hands: Hands, engine: FakeEngine
) -> None:
    image = engine.image("base:1").image_id
    replica = new_id()
    jobs = [add_job(control_plane, converge_order(replica, image=image), secrets={"password": SECRET}) for _ in "ab"]
    first: list[FakeJob] = [control_plane.jobs[job] for job in jobs]
    with at_work(jobs[0], hands), at_work(jobs[1], hands):
        pass
    assert {job.state for job in first} == {"succeeded"}
    assert len(engine.containers) == 1


def test_a_flood_of_lines_arrives_whole_in_few_batches(
    control_plane: FakeControlPlane, hands: Hands, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 30_000
    real = engine.build

    def flood(request: BuildRequest, **words: object) -> Iterator[BuildEvent]:
        yield StepStarted(key="flood", name="flood")
        for number in range(count):
            yield BuildLine(stream="o", text=f"line {number}", key="flood")
        yield from real(request, cancelled=lambda: False)

    monkeypatch.setattr(engine, "build", flood)
    job_id = add_job(control_plane, build_order("echo end"))
    carry_out(job_id, hands=hands)
    job = control_plane.jobs[job_id]
    flood_lines = [text for text in control_plane.log(job.log).texts if text.startswith("line ")]
    assert flood_lines == [f"line {number}" for number in range(count)]
    assert control_plane.calls.count("lines") < count / 100
