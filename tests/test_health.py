"""A replica proves that it serves, or says why not."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from runtime.contract.container import ContainerSpec, Health, Restart
from runtime.engine.fake import FakeEngine
from runtime.engine.values import Container, ContainerPlan
from runtime.health import NetworkProber
from runtime.procedures.ports import Cancelled
from runtime.proving import Unhealthy, prove_healthy
from tests.engine.dockerd import free_port
from tests.procedures.rig import Answers, Told

Prove = Callable[..., Container]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def prove(told: Told) -> Prove:
    engine = FakeEngine()
    image = engine.add_image(tag="x").image_id
    engine.networks["n"] = {}

    def proved(
        health: Health, *command: str, answers: Answers | None = None, dies_after: tuple[int, int] | None = None
    ) -> Container:
        engine.dies_after = dies_after
        spec = ContainerSpec(
            image=image, command=command or ("sleep", "300"), health=health, restart=Restart(policy="no")
        )
        plan = ContainerPlan(name="c", spec=spec, variables={}, labels={}, network="n", alias="c")
        container_id = engine.create(plan)
        engine.start(container_id)
        prove_healthy(
            engine=engine, containers=[container_id], health=health, prober=answers or Answers(), reporter=told
        )
        return engine.container(container_id)

    return proved


def why(prove: Prove, *arguments: Any, **more: Any) -> str:
    with pytest.raises(Unhealthy) as caught:
        prove(*arguments, **more)
    return caught.value.reason


def test_running_for_the_minimum_time_is_enough_where_nothing_is_asked(prove: Prove, told: Told) -> None:
    assert prove(Health(minimum_healthy=2.0)).status == "running"
    assert 2.0 <= told.clock < 3.0


def test_a_port_is_asked_at_the_containers_address_until_it_answers(prove: Prove, told: Told) -> None:
    answers = Answers(refusals=3)
    prove(Health(kind="tcp", port=80, minimum_healthy=0.0), answers=answers)
    assert answers.asked == [("tcp", "127.0.0.1", 80)] * 4


def test_a_page_is_asked_by_its_path(prove: Prove) -> None:
    answers = Answers()
    prove(Health(kind="http", port=80, path="/ready", minimum_healthy=0.0), answers=answers)
    assert answers.asked[0][0] == "/ready"


def test_one_yes_followed_by_a_no_is_not_healthy_yet(prove: Prove, told: Told) -> None:
    class Wavering(Answers):
        def tcp(self, address: str, port: int, *, timeout: float) -> str | None:
            self.asked.append(("tcp", address, port))
            return "no" if len(self.asked) in (2, 4) else None

    answers = Wavering()
    prove(Health(kind="tcp", port=80, minimum_healthy=0.2), answers=answers)
    assert len(answers.asked) > 5


def test_the_deadline_begins_after_the_grace_time(prove: Prove, told: Told) -> None:
    health = Health(kind="tcp", port=80, grace=20.0, deadline=10.0)
    assert "not yet" in why(prove, health, answers=Answers(refusals=10_000))
    assert 30.0 <= told.clock < 32.0


def test_the_engines_own_check_is_waited_for(prove: Prove) -> None:
    health = Health(kind="command", command=("true",), minimum_healthy=0.0)
    assert prove(health).health == "healthy"


def test_the_engines_own_check_may_say_no(prove: Prove) -> None:
    health = Health(kind="command", command=("false",), deadline=3.0)
    assert "unhealthy" in why(prove, health)


def test_an_image_without_a_check_is_well_when_it_runs(prove: Prove) -> None:
    assert prove(Health(kind="image", minimum_healthy=0.0)).status == "running"


def test_one_that_ended_is_not_waited_for(prove: Prove, told: Told) -> None:
    assert why(prove, Health(deadline=600.0), "sh", "-c", "exit 3") == "it ended with exit code 3"
    assert told.clock == 0.0


def test_one_that_dies_while_it_is_watched_is_found_out(prove: Prove) -> None:
    assert "exit code 9" in why(prove, Health(minimum_healthy=60.0), dies_after=(4, 9))


def test_waiting_is_cancelled(prove: Prove, told: Told) -> None:
    told.stopping = True
    with pytest.raises(Cancelled):
        prove(Health(minimum_healthy=60.0))


class Page(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Page) as httpd:
        thread = Thread(target=httpd.serve_forever, args=[0.01])
        thread.start()
        yield httpd.server_port
        httpd.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "well"), [("/200", True), ("/302", True), ("/404", False), ("/500", False)])
def test_the_real_prober_reads_the_status(path: str, well: bool, server: int) -> None:
    answer = NetworkProber().http("127.0.0.1", server, path, timeout=5.0)
    assert (answer is None) is well


def test_the_real_prober_connects(server: int) -> None:
    prober = NetworkProber()
    assert prober.tcp("127.0.0.1", server, timeout=5.0) is None
    closed = free_port()
    assert "no connection" in (prober.tcp("127.0.0.1", closed, timeout=5.0) or "")
    assert "no answer" in (prober.http("127.0.0.1", closed, "/", timeout=5.0) or "")


def test_who_answers_byte_by_byte_gets_no_more_time_than_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=_trickle, args=(listening,), daemon=True).start()
        began = time.monotonic()
        answer = NetworkProber().http("127.0.0.1", listening.getsockname()[1], "/", timeout=0.5)
    assert "no answer" in (answer or "") and time.monotonic() - began < 2.0


def test_what_speaks_no_http_is_not_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=lambda: listening.accept()[0].sendall(b"SSH-2.0-x\r\n"), daemon=True).start()
        answer = NetworkProber().http("127.0.0.1", listening.getsockname()[1], "/", timeout=5.0)
    assert "no answer" in (answer or "")


def _trickle(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        while True:
            connection.sendall(b"H")
            time.sleep(0.1)
