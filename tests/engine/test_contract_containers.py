"""What every engine promises about containers."""

import pytest

from runtime.contract.container import Health, Limits, Port
from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.errors import BadRequest, Conflict, NotFound, PortTaken
from runtime.engine.facts import container_facts, state_of
from tests.engine.bench import Bench, gone
from tests.engine.dockerd import free_port


def test_a_container_is_created_started_stopped_and_removed(bench: Bench) -> None:
    plan = bench.plan()
    container_id = bench.engine.create(plan)
    assert bench.engine.container(container_id).status == "created"
    bench.engine.start(container_id)
    seen = bench.engine.container(plan.name)
    assert (seen.container_id, seen.status, seen.exit_code) == (container_id, "running", None)
    assert seen.image_id == bench.image
    assert seen.started_ns
    assert seen.address
    bench.engine.stop(container_id, timeout=0)
    seen = bench.engine.container(container_id)
    assert (seen.status, seen.exit_code) == ("exited", 137)
    assert seen.finished_ns
    bench.engine.remove(container_id)
    assert gone(bench.engine, container_id)


def test_verbs_done_twice_are_harmless(bench: Bench) -> None:
    container_id = bench.run()
    bench.engine.start(container_id)
    for _ in range(2):
        bench.engine.stop(container_id, timeout=0)
    for _ in range(2):
        bench.engine.remove(container_id)
    bench.engine.stop(container_id, timeout=0)


def test_what_is_gone_is_not_found(bench: Bench) -> None:
    container_id = bench.engine.create(bench.plan())
    bench.engine.remove(container_id)
    for verb in (bench.engine.start, bench.engine.container, bench.engine.logs):
        with pytest.raises(NotFound):
            verb(container_id)
    with pytest.raises(NotFound):
        bench.engine.restart(container_id, timeout=0)


def test_a_name_is_given_once(bench: Bench) -> None:
    plan = bench.plan()
    first = bench.engine.create(plan)
    with pytest.raises(Conflict):
        bench.engine.create(plan)
    other = bench.engine.create(bench.plan())
    with pytest.raises(Conflict):
        bench.engine.rename(other, plan.name)
    bench.engine.rename(first, f"{plan.name}.old")
    bench.engine.rename(other, plan.name)
    assert bench.engine.container(plan.name).container_id == other


def test_only_our_own_containers_are_listed_by_their_labels(bench: Bench) -> None:
    first, second = bench.run(), bench.engine.create(bench.plan())
    listed = bench.engine.list_managed(instance=bench.instance)
    assert {one.container_id for one in listed} == {first, second}
    assert all(one.labels["slipway.replica"] == "r1" for one in listed)
    assert bench.engine.list_managed(instance="somebody-else") == []
    assert len(bench.engine.list_managed(instance=bench.instance, labels={"slipway.replica": "r1"})) == 2
    assert bench.engine.list_managed(instance=bench.instance, labels={"slipway.replica": "r2"}) == []


def test_an_image_or_network_that_is_missing_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        bench.engine.create(bench.plan(image="sha256:" + "0" * 64))


@pytest.mark.parametrize("code", [0, 3])
def test_an_exit_code_is_kept(bench: Bench, code: int) -> None:
    seen = bench.run_to_end(f"exit {code}")
    assert (seen.exit_code, seen.oom_killed) == (code, False)
    assert state_of(seen) == "stopped"


def test_running_out_of_memory_is_seen(bench: Bench) -> None:
    # The engine itself misses it now and then in the very first moments of a container.
    seen = bench.run_to_end("sleep 0.8; exec tail /dev/zero", limits=Limits(memory=16 * 1024 * 1024))
    assert (seen.exit_code, seen.oom_killed) == (137, True)


def test_a_command_that_does_not_exist_is_the_users_fault(bench: Bench) -> None:
    container_id = bench.engine.create(bench.plan("no-such-program"))
    with pytest.raises(BadRequest) as caught:
        bench.engine.start(container_id)
    assert caught.value.whose == "user"
    assert "no-such-program" in caught.value.message


def test_a_restart_starts_it_anew(bench: Bench) -> None:
    container_id = bench.run()
    before = bench.engine.container(container_id).started_ns
    bench.engine.restart(container_id, timeout=0)
    after = bench.engine.container(container_id)
    assert after.status == "running"
    assert before is not None
    assert after.started_ns is not None
    assert after.started_ns > before


def test_a_published_port_is_bound_on_this_host_only(bench: Bench) -> None:
    port = free_port()
    container_id = bench.run(ports=(Port(container=80), Port(container=81, host=port)))
    chosen, fixed = bench.engine.container(container_id).ports
    assert (chosen.container, chosen.address) == (80, "127.0.0.1")
    assert chosen.host > 0
    assert (fixed.container, fixed.host, fixed.protocol) == (81, port, "tcp")


def test_a_port_that_is_taken_is_said_to_be(bench: Bench) -> None:
    port = free_port()
    first = bench.run(ports=(Port(container=80, host=port),))
    second = bench.engine.create(bench.plan(ports=(Port(container=80, host=port),)))
    with pytest.raises(PortTaken):
        bench.engine.start(second)
    bench.engine.remove(first)
    bench.engine.start(second)
    assert bench.engine.container(second).status == "running"


@pytest.mark.parametrize(("command", "verdict"), [(("true",), "healthy"), (("false",), "unhealthy")])
def test_a_health_command_is_run_by_the_engine(bench: Bench, command: tuple[str, ...], verdict: str) -> None:
    health = Health(kind="command", command=command, interval=0.1, retries=1)
    container_id = bench.run(health=health)
    seen = bench.wait(container_id, lambda one: one.health == verdict)
    assert state_of(seen) == verdict


def test_a_crashing_container_is_started_again_by_its_policy(bench: Bench) -> None:
    restart = bench.plan().spec.restart
    plan = bench.plan("sh", "-c", "exit 1", restart=type(restart)(policy="on-failure", retries=2))
    container_id = bench.engine.create(plan)
    bench.engine.start(container_id)
    seen = bench.wait(container_id, lambda one: one.status == "exited" and one.restarts == 2)
    assert seen.exit_code == 1


def test_a_network_of_another_instance_is_not_ours(bench: Bench) -> None:
    bench.engine.ensure_network(bench.network, labels={LABEL_INSTANCE: bench.instance})
    with pytest.raises(Conflict):
        bench.engine.ensure_network(bench.network, labels={LABEL_INSTANCE: "somebody-else"})
    assert not bench.engine.remove_network(bench.network, instance="somebody-else")
    assert bench.engine.remove_network(bench.network, instance=bench.instance)
    assert not bench.engine.remove_network(bench.network, instance=bench.instance)


def test_a_network_in_use_stays(bench: Bench) -> None:
    bench.run()
    assert not bench.engine.remove_network(bench.network, instance=bench.instance)


def test_labels_that_slipway_did_not_write_give_no_facts(bench: Bench) -> None:
    container_id = bench.run()
    assert container_facts(bench.engine.container(container_id)) is None


@pytest.mark.engine
def test_the_container_gets_what_was_asked_and_no_more(docker: Bench) -> None:
    script = (
        "echo $GREETING; grep NoNewPrivs /proc/self/status; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max"
    )
    seen = docker.run_to_end(script, limits=Limits(pids=77))
    text = [entry.text for entry in docker.engine.tail(seen.container_id, lines=20) if entry.stream == "o"]
    assert text[0] == "hello"
    assert text[1].split() == ["NoNewPrivs:", "1"]
    assert "77" in text


@pytest.mark.engine
def test_services_find_each_other_by_name(docker: Bench) -> None:
    docker.run()
    seen = docker.run_to_end("ping -c 1 -W 5 web >/dev/null || nslookup web")
    assert seen.exit_code == 0


@pytest.mark.engine
def test_the_engine_tells_what_it_is(docker: Bench) -> None:
    facts = docker.engine.facts()
    assert facts.version
    assert facts.cpus > 0
    assert facts.disk_total > facts.disk_free > 0
    assert facts.builder in ("buildx", "buildkit", "classic")
