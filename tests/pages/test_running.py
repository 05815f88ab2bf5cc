"""Pages of services, releases, deployments and replicas."""

from typing import Any

import pytest
from django.urls import reverse

from tests.cast import ROLES
from tests.deployments.rig import Harbour
from tests.pages.reading import SCRIPT, get, post
from webapp.deployments import services
from webapp.deployments.models import Deployment, Replica, Service
from webapp.deployments.settings import there
from webapp.jobs.models import Job

pytestmark = pytest.mark.thorough

SHELL = ["sh", "-c", "echo one\necho two", ""]


def asked(harbour: Harbour, who: str = "developer", *, production: bool = False) -> Deployment:
    place = harbour.cast.production if production else harbour.cast.dev
    actor = harbour.cast.actor(who)
    return services.deploy(actor=actor, service=harbour.service, environment=place, build=harbour.built())


def shown(harbour: Harbour, who: str, route: str, id: str) -> str:
    return get(harbour.cast.client(who), reverse(route, args=[id]))


def test_saving_what_the_form_shows_keeps_a_service_as_it_is(harbour: Harbour) -> None:
    service = services.change_service(
        actor=harbour.cast.actor("owner"),
        service=harbour.service,
        settings={
            "command": SHELL,
            "variables": {"CERT": "a\nb"},
            "ports": [{"container": 80, "host": 9000}],
            "health": {"kind": "command", "command": ["true", "a b\nc"], "interval": 2.0},
            "limits": {"memory": 64 * 1024**2, "nofile": 512, "read_bps": 5_000_000},
            "restart": {"policy": "no"},
            "isolation": {
                "capabilities": ["CHOWN", "KILL"],
                "read_only": True,
                "tmpfs": [{"path": "/data", "size": 4097}, {"path": "/cache", "size": 64 * 1024**2}],
                "user": "",
                "runtime": "runsc",
            },
            "secret_files": ["A", "B"],
            "strategy": {"kind": "rolling", "surge": 0, "unavailable": 2},
        },
        overrides={
            "dev": {
                "replicas": 3,
                "command": [],
                "ports": [],
                "limits": {"memory": 64 * 1024**2, "cpus": 0.5, "nofile": 100, "read_bps": 5_000_000},
                "strategy": {"kind": "recreate"},
                "isolation": {"profile": "hardened", "tmpfs": [], "capabilities": []},
                "secret_files": [],
            },
            "staging": {"health": {"kind": "http", "port": 80, "path": "/", "grace": 3.0}, "stop_timeout": 0},
            "production": {
                "command": ["none"],
                "restart": {"policy": "no", "retries": 7},
                "variables": {"A": " b"},
                "secret_files": "*",
                "isolation": {"profile": "standard"},
            },
        },
    )
    edit = reverse("service_edit", args=[service.id])
    form = harbour.cast.client("owner").get(edit).context["form"]
    fields = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    assert post(harbour.cast.client("owner"), edit, **fields) == 302
    again = Service.objects.get()
    assert again.settings["command"] == SHELL and again.settings["variables"] == {"CERT": "a\nb"}
    for name in ("strategy", "isolation", "secret_files"):
        assert again.settings[name] == service.settings[name]
    assert again.settings["limits"]["read_bps"] == 5_000_000 and again.settings["limits"]["nofile"] == 512
    assert again.settings["health"] == service.settings["health"] and again.overrides == service.overrides


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"slug": "a; rm"}, "slug"),
        ({"ports": "80:80"}, "ports"),
        ({"ports": "http"}, "ports"),
        ({"memory": "1"}, "memory"),
        ({"pids": "0"}, "pids"),
        ({"replicas": "500"}, "replicas"),
        ({"variables": "LD_PRELOAD=x"}, "variables"),
        ({"health_kind": "http"}, "health_port"),
        ({"restart": "never"}, "restart"),
        ({"strategy": "big bang"}, "strategy"),
        ({"surge": "0"}, "surge"),
        ({"unavailable": "101"}, "unavailable"),
        ({"more_limits": "nofile 99999"}, "more_limits"),
        ({"more_limits": "disk 5"}, "more_limits"),
        ({"isolation": "privileged yes"}, "isolation"),
        ({"isolation": "capabilities SYS_ADMIN"}, "isolation"),
        ({"isolation": "no_new_privileges no"}, "isolation"),
        ({"isolation_profile": "none-such"}, "isolation_profile"),
        ({"isolation_profile": "hardened", "isolation": "user root"}, "isolation"),
        ({"secret_files": "A ../b"}, "secret_files"),
        ({"dev__isolation_profile": "hardened", "dev__isolation": "capabilities CHOWN"}, "dev__isolation"),
        ({"dev__memory": "1"}, "dev__memory"),
        ({"dev__replicas": "many"}, "dev__replicas"),
        ({"staging__health_kind": "http"}, "staging__health_port"),
        ({"production__ports": "8080\nhttp"}, "production__ports"),
        ({"image": "theirs"}, "image"),
    ],
)
def test_what_is_wrong_with_a_service_stands_at_its_field(harbour: Harbour, fields: dict[str, Any], field: str) -> None:
    given = {"slug": "other", "image": harbour.image.id, "health_kind": "none", "restart": "no"}
    new = reverse("service_new", args=[harbour.cast.project.id])
    answer = harbour.cast.client("developer").post(new, {**given, **fields})
    assert answer.status_code in (400, 422) and list(answer.context["form"].errors) == [field]
    assert 'class="error"' in answer.content.decode() and Service.objects.count() == 1


def edited(harbour: Harbour, **fields: Any) -> Service:
    """The service after its form was saved with these boxes, and what it showed in the others."""
    edit = reverse("service_edit", args=[harbour.service.id])
    form = harbour.cast.client("owner").get(edit).context["form"]
    kept = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    assert post(harbour.cast.client("owner"), edit, **{**kept, **fields}) == 302
    return Service.objects.get()


def test_what_differs_in_an_environment_is_typed_in_boxes_and_gone_when_they_are_empty(harbour: Harbour) -> None:
    edited(harbour, memory="64m", cpus="2", health_kind="http", health_port="80", health_path="/ok")
    service = edited(harbour, production__replicas="3", production__memory="1g", production__health_port="81")
    assert service.overrides == {
        "production": {
            "replicas": 3,
            "limits": {"memory": 1024**3, "cpus": 2.0},  # what is left empty is as everywhere
            "health": {"kind": "http", "port": 81, "path": "/ok"},
        }
    }
    page = " ".join(shown(harbour, "owner", "service_edit", service.id).split())
    assert 'value="64m"' in page and 'value="1g"' in page
    assert "all as above" in page and "differs in replicas, " in page and ", memory at most" in page
    empty = {f"production__{name}": "" for name in there.BOXES}
    assert edited(harbour, **empty).overrides == {}


def test_how_a_release_takes_over_is_chosen_and_the_usual_is_not_said(harbour: Harbour) -> None:
    assert "strategy" not in edited(harbour, strategy="rolling", surge="1").settings
    service = edited(harbour, strategy="rolling", surge="2", dev__strategy="blue_green")
    assert service.settings["strategy"] == {"kind": "rolling", "surge": 2}
    assert service.overrides == {"dev": {"strategy": {"kind": "blue_green"}}}
    service = edited(harbour, strategy="recreate", dev__strategy="", staging__strategy="rolling")
    assert service.settings["strategy"] == {"kind": "recreate"}, "what counts in a rolling release alone is let go"
    assert service.overrides == {"staging": {"strategy": {"kind": "rolling"}}}
    assert "after all of the old one have stopped" in shown(harbour, "owner", "service", service.id)


def test_an_environment_may_have_no_ports_and_the_images_own_command(harbour: Harbour) -> None:
    edited(harbour, command="sleep\n9", ports="80")
    service = edited(harbour, dev__command="none", dev__ports="none", staging__command='"none"')
    assert service.overrides == {"dev": {"command": [], "ports": []}, "staging": {"command": ["none"]}}


def test_what_is_wrong_everywhere_and_in_one_environment_is_told_at_once(harbour: Harbour) -> None:
    new = reverse("service_new", args=[harbour.cast.project.id])
    given = {"image": harbour.image.id, "health_kind": "none", "restart": "no"}
    wrong = {"slug": "Not One", "memory": "1", "dev__memory": "1", "production__ports": "http"}
    answer = harbour.cast.client("developer").post(new, {**given, **wrong})
    assert answer.status_code == 400 and set(answer.context["form"].errors) == set(wrong)


def test_what_is_wrong_in_a_list_says_in_which_line_and_no_path(harbour: Harbour) -> None:
    given = {"slug": "other", "image": harbour.image.id, "health_kind": "none", "restart": "no"}
    new = reverse("service_new", args=[harbour.cast.project.id])
    wrong = {"ports": "80", "dev__ports": "8080\nhttp", "dev__variables": "LD_PRELOAD=x", "dev__memory": "1"}
    answer = harbour.cast.client("developer").post(new, {**given, **wrong})
    errors = answer.context["form"].errors
    assert errors["dev__ports"][0].startswith("Line 2, container: ") and errors["dev__variables"]
    html = answer.content.decode()
    assert "overrides." not in html and "settings." not in html and "not right yet" in html


@pytest.mark.parametrize("who", ROLES)
def test_a_service_shows_what_runs_and_offers_what_one_may(harbour: Harbour, who: str) -> None:
    deployment = harbour.deployed()
    html = shown(harbour, who, "service", harbour.service.id)
    for route, id in (("replica", harbour.replicas()[0].id), ("deployment", deployment.id)):
        assert reverse(route, args=[id]) in html
    assert reverse("release", args=[deployment.release_id]) in html
    for route in ("service_edit", "service_delete", "service_deploy"):
        assert (reverse(route, args=[harbour.service.id]) in html) == (who != "viewer")


@pytest.mark.parametrize("kind", ["restart", "stop", "start"])
def test_every_copy_is_restarted_stopped_and_started(harbour: Harbour, kind: str) -> None:
    harbour.deployed()
    change = reverse("service_change", args=[harbour.service.id, kind])
    client = harbour.cast.client("developer")
    assert post(client, change, environment=harbour.cast.foreign_environment.id) == 404
    answer = client.post(change, {"environment": harbour.cast.dev.id})
    made = Deployment.objects.get(kind=kind)
    assert answer["Location"] == reverse("deployment", args=[made.id])
    assert post(client, change, environment=harbour.cast.dev.id) == 302  # the page lets it stand in line
    assert sorted(Deployment.objects.filter(kind=kind).values_list("state", flat=True)) == ["in_line", "queued"]


def test_a_former_release_runs_again(harbour: Harbour) -> None:
    first, second = harbour.deployed(), harbour.deployed()
    page = reverse("release", args=[first.release_id])
    html = get(harbour.cast.client("developer"), page)
    assert "Run it in dev" in html and "build 2" in html
    assert "Run it in dev" not in get(harbour.cast.client("viewer"), page)
    assert "Run it in dev" not in shown(harbour, "developer", "release", second.release_id)
    assert post(harbour.cast.client("developer"), page) == 302
    assert Deployment.objects.latest("created_at").release_id == first.release_id


@pytest.mark.parametrize("who", ROLES)
def test_a_deployment_that_waits_is_approved_by_others_only(harbour: Harbour, who: str) -> None:
    waiting = asked(harbour, "operator", production=True)
    html = shown(harbour, who, "deployment", waiting.id)
    assert waiting.plan["sentence"] in html and "waits for approval" in html
    assert ("Approve this plan" in html) == (who == "owner")
    assert ("Your own request" in html) == (who == "operator")
    assert (reverse("deployment_cancel", args=[waiting.id]) in html) == (who in ("operator", "owner"))


def test_the_plan_that_was_looked_at_is_approved_and_starts(harbour: Harbour) -> None:
    waiting = asked(harbour, production=True)
    approve, client = reverse("deployment_approve", args=[waiting.id]), harbour.cast.client("owner")
    assert post(client, approve, plan_hash="0" * 64) == 409
    assert post(client, approve) == 409
    assert post(client, approve, plan_hash=waiting.plan_hash, comment=SCRIPT) == 302
    assert Deployment.objects.get(id=waiting.id).state == "queued"
    html = shown(harbour, "viewer", "deployment", waiting.id)
    assert "owner approved" in html and SCRIPT not in html and "Approve this plan" not in html
    assert post(client, approve, plan_hash=waiting.plan_hash) in (302, 409)


def test_a_refused_button_leads_back_with_the_reason(harbour: Harbour) -> None:
    waiting = asked(harbour, production=True)
    page, approve = reverse("deployment", args=[waiting.id]), reverse("deployment_approve", args=[waiting.id])
    client = harbour.cast.client("owner")
    answer = client.post(approve, {"plan_hash": "0" * 64}, headers={"referer": f"http://testserver{page}"}, follow=True)
    assert answer.redirect_chain == [(f"http://testserver{page}", 302)]
    assert "note-error" in answer.content.decode()
    elsewhere = client.post(approve, {"plan_hash": "0" * 64}, headers={"referer": "https://evil.example/"})
    assert elsewhere.status_code == 409


def test_a_rolling_deployment_shows_its_hosts_and_can_be_cancelled(harbour: Harbour) -> None:
    rolling = asked(harbour)
    job = harbour.next_job(rolling)
    assert job is not None
    harbour.claim(job)
    cancel = reverse("deployment_cancel", args=[rolling.id])
    assert cancel not in shown(harbour, "viewer", "deployment", rolling.id)
    html = shown(harbour, "developer", "deployment", rolling.id)
    assert cancel in html and reverse("host", args=[harbour.cast.host.id]) in html
    assert [post(harbour.cast.client("developer"), cancel) for _ in range(2)] == [302, 302]
    html = shown(harbour, "developer", "deployment", rolling.id)
    assert cancel not in html and "Cancelling" in html


def test_a_failed_deployment_says_why_and_shows_the_evidence_as_text(harbour: Harbour) -> None:
    deployment = asked(harbour)
    harbour.fail(Job.objects.get(deployment_job__deployment=deployment))
    problem = {"message": SCRIPT, "advice": "Look at its log.", "evidence": ["last words", SCRIPT]}
    Deployment.objects.filter(id=deployment.id).update(problem=problem, comment=SCRIPT, requested_as=SCRIPT)
    html = shown(harbour, "viewer", "deployment", deployment.id)
    assert "failed" in html and "Look at its log." in html and "last words" in html
    assert SCRIPT not in html and html.count("&lt;script&gt;alert(1)") >= 4


@pytest.mark.parametrize("who", ROLES)
def test_a_succeeded_deployment_goes_on_or_back(harbour: Harbour, who: str) -> None:
    harbour.deployed()
    second = harbour.deployed()
    html = shown(harbour, who, "deployment", second.id)
    assert second.release.digest in html and "build 1" in html and "build 2" in html
    for route, said in (("deployment_promote", "Promote to staging"), ("deployment_roll_back", "Roll back to release")):
        assert (reverse(route, args=[second.id]) in html and said in html) == (who != "viewer")


def test_a_deployment_is_rolled_back_by_its_button(harbour: Harbour) -> None:
    first, second = harbour.deployed(), harbour.deployed()
    answer = harbour.cast.client("developer").post(reverse("deployment_roll_back", args=[second.id]))
    made = Deployment.objects.get(kind="rollback")
    assert answer["Location"] == reverse("deployment", args=[made.id]) and made.release_id == first.release_id


@pytest.mark.parametrize("who", ROLES)
def test_a_replica_says_how_it_is_and_offers_what_one_may(harbour: Harbour, who: str) -> None:
    harbour.deployed()
    replica = harbour.replicas()[0]
    Replica.objects.filter(id=replica.id).update(message=SCRIPT, exit_code=137, oom_killed=True, restarts=4)
    html = shown(harbour, who, "replica", replica.id)
    assert replica.container in html and "137" in html and "out of memory" in html
    assert SCRIPT not in html and "&lt;script&gt;alert(1)" in html
    for kind, offered in (("restart", True), ("stop", True), ("start", False)):
        assert (reverse("replica_change", args=[replica.id, kind]) in html) == (offered and who != "viewer")


def test_one_copy_is_stopped_alone_and_then_started(harbour: Harbour) -> None:
    harbour.deployed()
    first, second = harbour.replicas()
    client = harbour.cast.client("developer")
    assert post(client, reverse("replica_change", args=[first.id, "stop"])) == 302
    harbour.carry_out(Deployment.objects.get(kind="stop"))
    assert [row.state for row in harbour.replicas()] == ["stopped", "healthy"]
    assert reverse("replica_change", args=[first.id, "start"]) in shown(harbour, "developer", "replica", first.id)
    assert reverse("replica_change", args=[second.id, "start"]) not in shown(harbour, "developer", "replica", second.id)


def test_a_replica_of_a_host_that_is_not_heard_is_unknown_since_when(harbour: Harbour) -> None:
    harbour.deployed()
    harbour.cast.host.engine_answers = False
    harbour.cast.host.save()
    assert "host local is not heard" in shown(harbour, "viewer", "replica", harbour.replicas()[0].id)


def test_a_replica_was_seen_when_its_host_last_listed_it_not_when_it_last_changed(harbour: Harbour) -> None:
    harbour.deployed()
    replica = harbour.replicas()[0]
    Replica.objects.filter(id=replica.id).update(observed_at="2020-01-01T00:00:00Z")
    heard = harbour.cast.client("viewer").get(reverse("replica", args=[replica.id])).context["seen_at"]
    assert heard == replica.host.last_heard_at


def test_a_deployment_that_was_rolled_back_says_first_what_runs(harbour: Harbour) -> None:
    harbour.deployed()
    asked = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    job = harbour.next_job(asked)
    assert job is not None and "runs in dev now" not in shown(harbour, "viewer", "deployment", asked.id)
    harbour.fail(job, reverted=True)
    html = shown(harbour, "viewer", "deployment", asked.id)
    first = html.index(
        "Build 1 (release 1) runs in dev now: build 2 did not hold, and what ran before was brought back."
    )
    assert first < html.index("What was planned:") < html.index("Deploy build 2 of front")
