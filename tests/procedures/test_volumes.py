"""Volumes of replicas: made before the container, kept after it, never replaced by an empty one."""

import msgspec
import pytest

from runtime.contract.container import Port, VolumeMount
from runtime.contract.names import LABEL_ENVIRONMENT, LABEL_INSTANCE, LABEL_PROJECT, LABEL_VOLUME, volume_name
from runtime.contract.orders import ConvergeService, ReplicaVolume
from runtime.procedures.ports import ProcedureError
from tests.procedures.rig import INSTANCE, Harbour, order, with_spec

DATA = VolumeMount(name="data", path="/var/lib/app")


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


def with_volumes(base: ConvergeService, *ids: str, known: bool = False) -> ConvergeService:
    """Replica 1 has the first of these volumes as its data, and so on. As the control plane orders it: one by one."""
    mounted = with_spec(base, volumes=(DATA,))
    replicas = tuple(
        msgspec.structs.replace(
            replica, volumes=(ReplicaVolume(name="data", volume=ids[replica.index - 1], known=known),)
        )
        for replica in mounted.replicas
    )
    return msgspec.structs.replace(mounted, replicas=replicas, start_first=False)


def mounts(harbour: Harbour) -> list[str]:
    ordered = sorted(harbour.engine.containers.values(), key=lambda one: one.plan.labels["slipway.index"])
    return [one.plan.volumes["data"] for one in ordered]


def test_each_replica_has_its_own_volume_that_says_whose_it_is(harbour: Harbour) -> None:
    wanted = with_volumes(order(harbour.image(), replicas=2), "v1", "v2")
    harbour.converge(wanted)
    assert mounts(harbour) == ["slipway-data-v1", "slipway-data-v2"]
    assert harbour.engine.volumes["slipway-data-v1"].labels == {
        LABEL_INSTANCE: INSTANCE,
        LABEL_PROJECT: wanted.project,
        LABEL_ENVIRONMENT: wanted.environment,
        LABEL_VOLUME: "v1",
    }


def test_a_new_release_mounts_the_same_and_one_that_runs_nothing_leaves_it(harbour: Harbour) -> None:
    harbour.converge(with_volumes(order(harbour.image()), "v1"))
    harbour.converge(with_volumes(order(harbour.image("app:2"), generation=2), "v1", known=True))
    assert mounts(harbour) == ["slipway-data-v1"] and harbour.running() == ["r2"]
    harbour.converge(order(harbour.image("app:2"), generation=3, replicas=0))
    assert harbour.here() == [] and list(harbour.engine.volumes) == ["slipway-data-v1"]


def test_two_never_write_to_one_volume_at_once(harbour: Harbour) -> None:
    harbour.converge(with_volumes(order(harbour.image()), "v1"))
    up: list[int] = []

    def look(verb: str) -> None:
        up.append(sum(one.is_up for one in harbour.engine.containers.values()))

    harbour.engine.before_call = look
    harbour.converge(with_volumes(order(harbour.image("app:2"), generation=2), "v1", known=True))
    assert max(up) == 1


def test_another_volume_of_the_same_name_is_another_container(harbour: Harbour) -> None:
    harbour.converge(with_volumes(order(harbour.image()), "v1"))
    harbour.converge(with_volumes(order(harbour.image()), "v2"), job="job0000002")
    assert mounts(harbour) == ["slipway-data-v2"] and set(harbour.engine.volumes) == {
        volume_name(name="data", volume=which) for which in ("v1", "v2")
    }


def test_one_that_is_gone_is_not_replaced_by_an_empty_one(harbour: Harbour) -> None:
    harbour.converge(with_volumes(order(harbour.image()), "v1"))
    harbour.engine.volumes.clear()
    with pytest.raises(ProcedureError) as refused:
        harbour.converge(with_volumes(order(harbour.image("app:2"), generation=2), "v1", known=True))
    assert refused.value.problem.code == "volume_missing"
    assert harbour.running() == ["r1"] and not harbour.engine.volumes


def test_an_order_that_does_not_say_which_volume_it_means_is_refused(harbour: Harbour) -> None:
    with pytest.raises(ProcedureError) as refused:
        harbour.converge(with_spec(order(harbour.image()), volumes=(DATA,)))
    assert refused.value.problem.code == "volume_unnamed"


def test_a_failed_release_gives_the_volume_back_to_the_former_one(harbour: Harbour) -> None:
    harbour.converge(with_volumes(order(harbour.image()), "v1"))
    failing = with_volumes(order(harbour.image("app:2"), generation=2), "v1", known=True)
    with pytest.raises(ProcedureError):
        harbour.converge(with_spec(failing, command=("sh", "-c", "exit 1"), ports=(Port(container=80),)))
    assert harbour.running() == ["r1"] and mounts(harbour) == ["slipway-data-v1"]


def test_a_paused_container_goes_on(harbour: Harbour) -> None:
    wanted = order(harbour.image())
    harbour.converge(wanted)
    (running,) = harbour.here()
    harbour.engine.pause(running.container_id)
    harbour.converge(wanted, job="job0000002")
    assert harbour.engine.container(running.container_id).status == "running"
