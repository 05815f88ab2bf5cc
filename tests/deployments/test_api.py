"""The main path as a program walks it, and what it is answered when it strays."""

from typing import Any

import pytest
from django.test import Client

from tests.deployments.rig import SOURCE, Harbour
from webapp.deployments.models import Deployment, Replica, Service

pytestmark = pytest.mark.thorough

JSON = "application/json"


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/api/v1/{path}", body or {}, content_type=JSON)


def get(client: Client, path: str) -> Any:
    return client.get(f"/api/v1/{path}")


def test_from_image_to_replicas(harbour: Harbour) -> None:
    cast, client = harbour.cast, harbour.cast.bearer("developer")
    image = post(client, "images/", {"project": cast.project.id, "slug": "shop", "source": SOURCE})
    assert image.status_code == 201, image.content
    build = post(client, f"images/{image.json()['id']}/builds/")
    assert build.status_code == 202 and build.json()["state"] == "queued" and build.json()["queue_position"] == 1
    body = {
        "project": cast.project.id,
        "slug": "shop",
        "image": image.json()["id"],
        "command": ["httpd", "-f", "-p", "8080"],
        "ports": [{"container": 8080}],
        "health": {"kind": "tcp", "port": 8080},
        "limits": {"memory": "64m", "cpus": 0.5, "pids": 50},
        "replicas": 2,
    }
    service = post(client, "services/", body)
    assert service.status_code == 201, service.content
    assert service.json()["limits"] == {"memory": 64 * 1024**2, "cpus": 0.5, "pids": 50}
    service_id, built = harbour.service.id, harbour.built()
    deployed = post(client, "deployments/", {"service": service_id, "environment": cast.dev.id, "build": built.id})
    assert deployed.status_code == 202, deployed.content
    assert {"id", "state", "plan_hash", "log", "plan", "steps", "approvals"} <= set(deployed.json())
    harbour.carry_out(Deployment.objects.get(id=deployed.json()["id"]))
    done = get(client, f"deployments/{deployed.json()['id']}/?wait=5").json()
    assert done["state"] == "succeeded"
    replicas = get(client, f"replicas/?service={service_id}&environment={cast.dev.id}").json()["results"]
    assert [(row["index"], row["state"], row["host"]) for row in replicas] == [
        (1, "healthy", "local"),
        (2, "healthy", "local"),
    ]
    assert all(row["log"] and row["container"] for row in replicas)


def test_a_build_shows_its_result(harbour: Harbour) -> None:
    build = harbour.built()
    shown = get(harbour.cast.bearer("viewer"), f"builds/{build.id}/").json()
    assert shown["state"] == "succeeded" and shown["digest"] == build.config_digest and shown["size"] == 4_000_000
    assert shown["layers"] == [{"instruction": "RUN true", "size": 7, "digest": None}]
    assert shown["error"] is None and shown["host"] == "local" and shown["steps"] == []


FOREIGN = (
    "privileged", "cap_add", "devices", "mounts", "volumes", "network_mode", "pid", "ipc", "userns_mode",
    "security_opt", "sysctls", "runtime", "ulimits", "cgroup_parent", "oom_score_adj", "labels", "reference",
)  # fmt: skip


@pytest.mark.parametrize("way", ["create", "change", "override", "health", "limits", "port"])
def test_no_way_leads_round_the_model_of_a_container(harbour: Harbour, way: str) -> None:
    client, cast = harbour.cast.bearer("developer"), harbour.cast
    base = {"project": cast.project.id, "slug": "other", "image": harbour.image.id}
    for field in FOREIGN:
        if way == "change":
            answer = client.patch(f"/api/v1/services/{harbour.service.id}/", {field: True}, content_type=JSON)
        else:
            bodies: dict[str, dict[str, Any]] = {
                "create": {field: True},
                "override": {"overrides": {"dev": {field: True}}},
                "health": {"health": {"kind": "none", field: True}},
                "limits": {"limits": {field: True}},
                "port": {"ports": [{"container": 80, field: True}]},
            }
            answer = post(client, "services/", {**base, **bodies[way]})
        assert answer.status_code == 400, answer.content
        assert any(field in name for name in answer.json()["errors"])
    harbour.service.refresh_from_db()
    assert harbour.service.settings == {"replicas": 2} and Service.objects.count() == 1


def test_errors_name_the_field_where_it_stands(harbour: Harbour) -> None:
    answer = client_patch(harbour, {"ports": [{"container": 0}], "replicas": 500})
    assert answer.status_code == 400 and set(answer.json()["errors"]) == {"ports.0.container", "replicas"}


def test_a_change_keeps_what_it_does_not_name(harbour: Harbour) -> None:
    assert client_patch(harbour, {"command": ["sh"]}).status_code == 200
    harbour.service.refresh_from_db()
    assert harbour.service.settings == {"replicas": 2, "command": ["sh"]}


def client_patch(harbour: Harbour, body: dict[str, Any]) -> Any:
    client = harbour.cast.bearer("developer")
    return client.patch(f"/api/v1/services/{harbour.service.id}/", body, content_type=JSON)


def test_an_approval_by_program_starts_what_a_developer_asked_for(harbour: Harbour) -> None:
    cast = harbour.cast
    body = {"service": harbour.service.id, "environment": cast.production.id, "build": harbour.built().id}
    asked = post(cast.bearer("developer", "deploy"), "deployments/", body).json()
    assert asked["state"] == "awaiting_approval"
    path = f"deployments/{asked['id']}/approvals/"
    assert post(cast.bearer("developer"), path, {"plan_hash": asked["plan_hash"]}).status_code == 403
    assert post(cast.bearer("operator", "deploy"), path, {"plan_hash": asked["plan_hash"]}).status_code == 403
    assert post(cast.bearer("operator", "approve"), path, {"plan_hash": "0" * 64}).status_code == 409
    answer = post(cast.bearer("operator", "approve"), path, {"plan_hash": asked["plan_hash"]})
    assert answer.status_code == 202 and answer.json()["state"] == "queued"
    assert [row["user"] for row in get(cast.bearer("viewer"), path).json()["results"]] == ["operator"]


def test_replicas_are_changed_one_by_one_and_counted_anew(harbour: Harbour) -> None:
    harbour.deployed()
    client = harbour.cast.bearer("developer")
    first = harbour.replicas()[0]
    stopped = post(client, f"replicas/{first.id}/stop/")
    assert stopped.status_code == 202 and stopped.json()["kind"] == "stop"
    harbour.carry_out(Deployment.objects.get(id=stopped.json()["id"]))
    assert get(client, f"replicas/{first.id}/").json()["state"] == "stopped"
    scaled = post(client, f"services/{harbour.service.id}/scale/", {"environment": harbour.cast.dev.id, "replicas": 3})
    assert scaled.status_code == 202, scaled.content
    harbour.carry_out(Deployment.objects.get(id=scaled.json()["id"]))
    assert [row.state for row in harbour.replicas()] == ["stopped", "healthy", "healthy"]


def test_a_stranger_finds_nothing(harbour: Harbour) -> None:
    deployment = harbour.deployed()
    stranger = harbour.cast.bearer("stranger")
    replica = harbour.replicas()[0]
    paths = [
        f"services/{harbour.service.id}/",
        f"services/{harbour.service.id}/releases/",
        f"releases/{deployment.release_id}/",
        f"deployments/{deployment.id}/",
        f"deployments/{deployment.id}/approvals/",
        f"replicas/{replica.id}/",
        f"images/{harbour.image.id}/",
        f"images/{harbour.image.id}/builds/",
    ]
    assert [get(stranger, path).status_code for path in paths] == [404] * len(paths)
    verbs = [f"deployments/{deployment.id}/{verb}/" for verb in ("cancellation", "rollback", "promotion", "rejections")]
    verbs += [f"replicas/{replica.id}/{verb}/" for verb in ("restart", "stop", "start")]
    assert [post(stranger, path).status_code for path in verbs] == [404] * len(verbs)
    body = {"service": harbour.service.id, "environment": harbour.cast.foreign_environment.id, "build": "x"}
    assert post(stranger, "deployments/", body).status_code == 404
    assert get(stranger, "replicas/").json()["results"] == []


def test_lists_cost_the_same_for_one_and_for_many(harbour: Harbour, django_assert_max_num_queries: Any) -> None:
    client = harbour.cast.client("viewer")
    harbour.deployed()
    with django_assert_max_num_queries(30) as first:
        answers = [get(client, path) for path in ("deployments/", "replicas/", "services/")]
    assert [answer.status_code for answer in answers] == [200] * 3
    for _ in range(3):
        harbour.deployed()
    with django_assert_max_num_queries(len(first.captured_queries)):
        many = [len(get(client, path).json()["results"]) for path in ("deployments/", "replicas/", "services/")]
    assert many == [4, 2, 1]
    assert Replica.objects.count() == 8
