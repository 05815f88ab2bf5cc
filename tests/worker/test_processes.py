"""The worker as real processes: doorbells over a real Redis, restarts, ends."""

import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from runtime.contract import CONTRACT_VERSION
from runtime.contract.link import Hello
from runtime.contract.names import host_queue
from tests.redis_rig import start_redis
from tests.waiting import until
from tests.worker.fake_control_plane import FakeControlPlane
from tests.worker.given import add_job, build_order, new_id
from tests.worker.processes import HOST, SilentEngine, WorkerHost, children, command_of, end

pytestmark = pytest.mark.flow

OUTAGE_SECONDS = 4
PROPERTIES = {"delivery_tag": "1", "delivery_info": {}, "body_encoding": "base64"}
HEADERS = {"task": "slipway.ring", "id": "1"}
GARBAGE = [
    b"not json",
    b"\xff\xfe",
    b"7",
    b"{}",
    b'{"body": "!", "headers": {}, "properties": {}}',
    json.dumps({"body": "!", "headers": HEADERS, "properties": PROPERTIES}).encode(),
    json.dumps({"body": "AAAA", "headers": HEADERS, "properties": PROPERTIES}).encode(),
    json.dumps({"body": "AAAA", "content-type": "application/x-python-serialize", "content-encoding": "binary",
                "headers": HEADERS, "properties": PROPERTIES}).encode(),
    json.dumps({"body": "W10=", "content-type": "application/json", "content-encoding": "utf-8",
                "headers": {**HEADERS, "eta": "never", "expires": [], "retries": "x"},
                "properties": PROPERTIES}).encode(),
]  # fmt: skip


class Broker:
    """A Redis that comes and goes."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.path = place / "redis.sock"
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def start(self) -> None:
        self.process = start_redis(data=self._place, path=self.path)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="slw-", dir="/tmp") as place:
        broker = Broker(Path(place))
        yield broker
        broker.stop()


@pytest.fixture
def host(tmp_path: Path, control_plane: FakeControlPlane, broker: Broker) -> WorkerHost:
    return WorkerHost(home=tmp_path, control_plane=control_plane, redis_url=broker.url)


@pytest.fixture
def worker(host: WorkerHost) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process that hears its doorbell."""
    process = host.start("worker")
    hears(host)
    yield process
    if process.poll() is None:
        end(process, signal.SIGKILL)


def hears(host: WorkerHost) -> None:
    """Returns when a doorbell that is rung now is answered."""
    job = add_job(host.control_plane, build_order("echo one"))
    host.ring(job, CONTRACT_VERSION)
    until(lambda: host.control_plane.jobs[job].finish is not None, seconds=15)


def test_a_doorbell_makes_the_worker_claim_and_answer(host: WorkerHost, worker: subprocess.Popen[bytes]) -> None:
    job = add_job(host.control_plane, build_order("echo one"))
    host.ring(job, CONTRACT_VERSION)
    until(lambda: host.control_plane.jobs[job].finish is not None, seconds=5)
    finish = host.control_plane.jobs[job].finish
    assert finish is not None and finish.problem is not None
    assert finish.problem.code == "engine_unavailable"
    assert worker.poll() is None


def test_what_is_no_doorbell_is_dropped_and_does_no_harm(
    host: WorkerHost, worker: subprocess.Popen[bytes], broker: Broker
) -> None:
    client = redis.Redis(unix_socket_path=str(broker.path))
    claims = host.control_plane.calls.count("claims")
    for words in ([], [new_id()], ["../../etc/passwd", CONTRACT_VERSION], [new_id(), 99], [7, 7], [new_id(), 1, 2, 3]):
        host.ring(*words)
    host.ring(new_id(), CONTRACT_VERSION, task="slipway.unknown")
    for garbage in GARBAGE:
        client.lpush(host_queue(HOST), garbage)
    hears(host)
    assert worker.poll() is None
    assert host.control_plane.calls.count("claims") - claims <= 2
    assert client.llen(host_queue(HOST)) == 0, "nothing is tried again and again"
    client.close()


def test_the_worker_uses_no_key_of_another_host(
    host: WorkerHost, worker: subprocess.Popen[bytes], broker: Broker
) -> None:
    client = redis.Redis(unix_socket_path=str(broker.path))
    queue = host_queue(HOST)
    bindings = {f"_kombu.binding.{queue}", f"_kombu.binding_permanent.{queue}"}
    keys = {key.decode() for key in client.scan_iter()}
    assert keys <= bindings | {queue, *(f"{queue}.unacked{part}" for part in ("", "_index", "_mutex"))}
    client.close()


@pytest.mark.fault
def test_redis_may_restart_while_a_job_runs(tmp_path: Path, control_plane: FakeControlPlane, broker: Broker) -> None:
    engine = SilentEngine()
    host = WorkerHost(home=tmp_path, control_plane=control_plane, redis_url=broker.url, engine=engine.address)
    process = host.start("worker")
    try:
        job_id = add_job(control_plane, build_order("echo one"))
        job = control_plane.jobs[job_id]
        host.ring(job_id, CONTRACT_VERSION)
        until(lambda: engine.is_asked, seconds=20)
        broker.stop()
        time.sleep(OUTAGE_SECONDS)
        beats = job.beats
        broker.start()
        until(lambda: job.beats > beats)
        assert process.poll() is None
        engine.hang_up()
        until(lambda: job.finish is not None)
        hears(host)
        assert process.poll() is None
        assert job.attempt == 1
    finally:
        end(process, signal.SIGKILL)


def test_a_worker_told_to_stop_does_not_wait_for_a_long_job(
    tmp_path: Path, control_plane: FakeControlPlane, broker: Broker
) -> None:
    engine = SilentEngine()
    host = WorkerHost(home=tmp_path, control_plane=control_plane, redis_url=broker.url, engine=engine.address)
    process = host.start("worker")
    try:
        job_id = add_job(control_plane, build_order("echo one"))
        host.ring(job_id, CONTRACT_VERSION)
        until(lambda: engine.is_asked, seconds=20)
        since = time.monotonic()
        end(process)
        assert time.monotonic() - since < 13
        assert control_plane.jobs[job_id].finish is None, "it is lost, and taken up again"
    finally:
        process.kill()
        engine.hang_up()


@pytest.mark.fault
def test_both_processes_are_kept_and_end_with_their_keeper(host: WorkerHost, control_plane: FakeControlPlane) -> None:
    keeper = host.start()
    try:
        until(lambda: len(children(keeper.pid)) == 2)
        until(lambda: bool(control_plane.heard_of(Hello)))
        hears(host)
        before = {command_of(pid)[-1]: pid for pid in children(keeper.pid)}
        assert set(before) == {"worker", "agent"}
        kill(before["agent"])
        until(lambda: len(control_plane.heard_of(Hello)) == 2)
        after = {command_of(pid)[-1]: pid for pid in children(keeper.pid)}
        assert after["worker"] == before["worker"], "the other one is not harmed"
        hears(host)
        end(keeper, signal.SIGKILL)
        until(lambda: not any(command_of(pid) for pid in after.values()), seconds=15)
    finally:
        if keeper.poll() is None:
            end(keeper)


def test_the_keeper_stops_both_when_it_is_told_to(host: WorkerHost) -> None:
    keeper = host.start()
    try:
        until(lambda: len(children(keeper.pid)) == 2)
        hears(host)
        pids = children(keeper.pid)
        assert end(keeper) == 0
        assert not any(command_of(pid) for pid in pids)
    finally:
        keeper.kill()


def test_a_second_worker_in_one_home_says_so(host: WorkerHost, worker: subprocess.Popen[bytes]) -> None:
    second = host.start("worker")
    assert second.wait(20) == 78
    assert "another worker works in" in host.words


def test_a_misconfigured_worker_says_which_setting(host: WorkerHost) -> None:
    host.extra["SLIPWAY_URL"] = "ftp://example.com"
    assert host.start("worker").wait(20) == 78
    assert "SLIPWAY_URL must be" in host.words


def kill(pid: int) -> None:
    subprocess.run(["kill", "-9", str(pid)], check=True)
