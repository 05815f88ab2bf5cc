"""Volumes of what runs: who has which, and that nobody is sent where its data is not."""

from typing import Any

import msgspec
import pytest
from django.utils.timezone import now

from tests.deployments.rig import Harbour
from tests.deployments.test_planner import CONTENT, A, B, request
from webapp.deployments import services
from webapp.deployments.models import Deployment
from webapp.deployments.planning.planner import make_plan
from webapp.deployments.planning.plans import Content, Copy
from webapp.deployments.planning.spread import spread
from webapp.deployments.settings.aspects import DEFAULTS
from webapp.deployments.settings.validation import clean_service
from webapp.holdings.services import noted
from webapp.jobs.models import Job
from webapp.problems import Invalid, Unplannable
from webapp.volumes.models import Volume

pytestmark = pytest.mark.thorough

DATA = {"name": "data", "path": "/var/lib/app", "read_only": False, "shared": False}
SHARED = {**DATA, "shared": True}


def clean(settings: dict[str, Any]) -> None:
    clean_service(slug=None, settings=settings, overrides=None, environments=frozenset())


def content(*mounts: dict[str, Any]) -> Content:
    return msgspec.structs.replace(CONTENT, settings={**DEFAULTS, "volumes": list(mounts)})


def with_volumes(harbour: Harbour, *mounts: dict[str, Any], replicas: int = 2) -> None:
    services.change_service(
        actor=harbour.cast.actor("developer"),
        service=harbour.service,
        settings={"replicas": replicas, "volumes": list(mounts)},
    )


def ordered(deployment: Deployment) -> dict[int, tuple[str, list[dict[str, Any]]]]:
    """By index: host and volumes of the replica, as the orders of this deployment say."""
    jobs = Job.objects.filter(deployment_job__deployment=deployment).select_related("host")
    return {
        replica["index"]: (job.host.name, replica.get("volumes", []))
        for job in jobs
        for replica in job.order["replicas"]
    }


@pytest.mark.parametrize(
    ("mount", "field"),
    [
        ({**DATA, "name": "../x"}, "name"),
        ({**DATA, "path": "relative"}, "path"),
        ({**DATA, "path": "/a/../b"}, "path"),
        ({**DATA, "path": "/"}, "path"),
        ({**DATA, "path": "/proc/x"}, "path"),
        ({**DATA, "path": "/etc/hosts"}, "path"),
        ({**DATA, "path": "/a:ro"}, "path"),
        ({**DATA, "shared": "yes"}, "shared"),
        ({**DATA, "driver": "local"}, "driver"),
        ({**DATA, "options": {"type": "none", "o": "bind", "device": "/"}}, "options"),
    ],
)
def test_what_is_no_plain_volume_is_refused_at_its_field(mount: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean({"volumes": [mount]})
    assert list(refused.value.errors) == [f"settings.volumes.0.{field}"]


def test_a_name_and_a_path_are_given_once() -> None:
    for other in ({**DATA, "path": "/b"}, {**DATA, "name": "other"}):
        with pytest.raises(Invalid):
            clean({"volumes": [DATA, other]})


def test_each_replica_gets_a_volume_of_its_own_and_keeps_it(harbour: Harbour) -> None:
    with_volumes(harbour, DATA)
    first = ordered(harbour.deployed())
    assert len({volumes[0]["volume"] for _, volumes in first.values()}) == 2
    assert not any(volumes[0].get("known") for _, volumes in first.values())
    again = ordered(harbour.deployed())
    assert {index: volumes[0]["volume"] for index, (_, volumes) in again.items()} == {
        index: volumes[0]["volume"] for index, (_, volumes) in first.items()
    }
    assert all(volumes[0]["known"] for _, volumes in again.values())
    assert set(Volume.objects.values_list("made", "service", "project")) == {
        (True, harbour.service.id, harbour.cast.project.id)
    }


def test_a_volume_outlives_its_replica_and_is_found_again(harbour: Harbour) -> None:
    with_volumes(harbour, DATA)
    first = ordered(harbour.deployed())
    owner, dev = harbour.cast.actor("owner"), harbour.cast.dev
    for count in (1, 2):
        scaled = services.scale(actor=owner, service=harbour.service, environment=dev, replicas=count)
        harbour.carry_out(scaled)
    assert ordered(scaled)[2][1][0]["volume"] == first[2][1][0]["volume"]


def test_a_replica_stays_where_its_volume_is_though_spreading_would_move_it(harbour: Harbour) -> None:
    with_volumes(harbour, DATA)
    harbour.deployed()
    second = harbour.host("second", harbour.cast.dev)
    build = harbour.built()
    noted(host_id=second.id, image_id=build.config_digest, size=1, now=now())  # it could run there
    deployment = harbour.deployed(build=build)
    assert {host for host, _ in ordered(deployment).values()} == {"local"}


def test_shared_volumes_are_one_for_all_replicas_of_all_services(harbour: Harbour) -> None:
    with_volumes(harbour, SHARED)
    found = ordered(harbour.deployed())
    assert len({volumes[0]["volume"] for _, volumes in found.values()}) == 1
    volume = Volume.objects.get()
    assert (volume.service, volume.index) == ("", 0)
    other = services.define_service(
        actor=harbour.cast.actor("developer"),
        project=harbour.cast.project,
        slug="other",
        image=harbour.image,
        settings={"volumes": [SHARED]},
    )
    deployment = services.deploy(
        actor=harbour.cast.actor("developer"), service=other, environment=harbour.cast.dev, build=harbour.built()
    )
    assert ordered(deployment)[1][1][0]["volume"] == volume.id


def test_pins_hold_and_the_rest_is_spread_evenly() -> None:
    assert spread(wanted=[1, 2, 3, 4], hosts=["a", "b"], now={}, pinned={1: "b", 2: "b"}) == {
        1: "b",
        2: "b",
        3: "a",
        4: "a",
    }
    assert spread(wanted=[1, 2, 3], hosts=["a", "b"], now={3: "b"}, pinned={1: "b", 2: "b"})[3] == "a"
    assert spread(wanted=[1, 2], hosts=["a", "b"], now={}, pinned={5: "b"}) == {1: "a", 2: "b"}


def test_a_plan_keeps_replicas_at_their_volumes_and_never_starts_beside() -> None:
    plan = make_plan(request(hosts=[A, B], content=content(DATA), pins={1: {"data": "h2"}, 2: {"data": "h2"}}))
    assert [step.name for step in plan.steps] == ["b"] and not plan.start_first
    assert make_plan(request(content=content({**DATA, "read_only": True}))).start_first


def test_all_copies_go_where_a_shared_volume_is_or_will_be() -> None:
    assert [step.name for step in make_plan(request(hosts=[A, B], content=content(SHARED))).steps] == ["a"]
    shared = make_plan(request(hosts=[A, B], content=content(SHARED), shared_pins={"data": "h2"}))
    assert [step.name for step in shared.steps] == ["b"]
    copies = [Copy(replica="r1", index=1, host="h2")]
    assert [s.name for s in make_plan(request(hosts=[A, B], content=content(SHARED), copies=copies)).steps] == ["b"]


def test_a_host_that_has_the_data_and_cannot_be_asked_is_a_reason() -> None:
    silent = msgspec.structs.replace(B, state="silent")
    with pytest.raises(Unplannable) as refused:
        make_plan(request(hosts=[A, silent], content=content(DATA), pins={1: {"data": "h2"}}))
    assert any(reason.startswith("Replica 1 has its volumes on host b, which") for reason in refused.value.reasons)


def test_volumes_on_two_hosts_cannot_be_had_by_one_replica() -> None:
    both = content(DATA, {**SHARED, "name": "files", "path": "/files"})
    with pytest.raises(Unplannable) as refused:
        make_plan(request(hosts=[A, B], content=both, pins={1: {"data": "h2"}}, shared_pins={"files": "h1"}))
    assert any("cannot have all its volumes" in reason for reason in refused.value.reasons)


def test_a_service_without_volumes_plans_and_freezes_as_ever(harbour: Harbour) -> None:
    deployment = harbour.deployed()
    assert "volumes" not in deployment.release.settings
    order = harbour_order(deployment)
    assert "volumes" not in order["spec"] and all("volumes" not in replica for replica in order["replicas"])


def harbour_order(deployment: Deployment) -> dict[str, Any]:
    found: dict[str, Any] = Job.objects.get(deployment_job__deployment=deployment).order
    return found
