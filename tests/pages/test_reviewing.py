"""What a reviewer finds on the one page, what an emergency leaves behind, and what the board says of both."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from tests.deployments.rig import Harbour
from tests.deployments.rules import a_reason
from webapp.deployments import services
from webapp.deployments.models import Deployment
from webapp.environments.models import Environment
from webapp.environments.services import change_environment
from webapp.notices.models import Channel, Notice

pytestmark = pytest.mark.thorough


def page(harbour: Harbour, who: str, route: str, *args: str) -> str:
    answer = harbour.cast.client(who).get(reverse(route, args=args))
    assert answer.status_code == 200
    return str(answer.content.decode())


def promoted(harbour: Harbour) -> Deployment:
    """What runs in staging waits for its approvals in production, asked for by the developer."""
    done = harbour.deployed(harbour.cast.staging)
    return services.promote(actor=harbour.cast.actor("developer"), deployment=done)


def frozen(harbour: Harbour, environment: Environment) -> None:
    row = {
        "from": (now() - timedelta(hours=1)).isoformat(),
        "until": (now() + timedelta(hours=3)).isoformat(),
        "reason": "the fair",
    }
    change_environment(actor=harbour.cast.actor("owner"), environment=environment, freezes=[row])


def an_emergency(harbour: Harbour) -> Deployment:
    waiting = promoted(harbour)
    return services.hurry(actor=harbour.cast.actor("operator"), deployment=waiting, **a_reason(harbour.cast))


def test_one_page_has_all_that_a_reviewer_looks_at(harbour: Harbour) -> None:
    build = harbour.built()
    done = harbour.deployed(harbour.cast.staging, build=build)
    waiting = services.promote(actor=harbour.cast.actor("developer"), deployment=done)
    html = page(harbour, "operator", "deployment", waiting.id)
    for said in (
        "What changes against what runs there now",
        f"How build {build.number} went",
        reverse("build", args=[build.id]),
        "How it fared in staging",
        "2 of 2 healthy, 0 restarts",
        "runs there, since",
        reverse("deployment", args=[done.id]),
        waiting.plan["steps"][0]["words"],
        "Approve this plan",
        "Plan again",
    ):
        assert said in html, said
    told = harbour.cast.client("viewer").get(f"/api/v1/deployments/{waiting.id}/evidence/").json()
    assert told["changes"] is None and told["build"]["number"] == build.number
    assert told["before"]["environment"] == harbour.cast.staging.id and told["before"]["healthy"] == 2
    assert [row["id"] for row in told["before"]["deployments"]] == [done.id]


def test_approvals_stand_there_with_name_time_and_how_long_they_count(harbour: Harbour) -> None:
    Environment.objects.filter(id=harbour.cast.production.id).update(required_approvals=2)
    waiting = promoted(harbour)
    services.approve(actor=harbour.cast.actor("operator"), deployment=waiting, plan_hash=waiting.plan_hash)
    html = page(harbour, "owner", "deployment", waiting.id)
    assert "operator approved" in html and "counts until" in html and "1 of 2" in html


def test_who_changed_what_it_brings_is_told_so(harbour: Harbour) -> None:
    operator = harbour.cast.actor("operator")
    services.change_service(actor=operator, service=harbour.service, settings={"command": ["serve"]})
    waiting = promoted(harbour)
    html = page(harbour, "operator", "deployment", waiting.id)
    assert "You last changed something that this plan brings" in html and "Approve this plan" not in html
    assert "was last changed by operator" in page(harbour, "owner", "deployment", waiting.id)
    assert "You changed what it brings" in page(harbour, "operator", "board", harbour.cast.project.id)


def test_a_closed_environment_says_so_wherever_it_matters(harbour: Harbour) -> None:
    waiting = promoted(harbour)
    frozen(harbour, harbour.cast.production)
    assert "is frozen: the fair" in page(harbour, "owner", "deployment", waiting.id)
    assert "closed now" in page(harbour, "viewer", "board", harbour.cast.project.id)
    assert "No deployment starts here now" in page(harbour, "viewer", "environment", harbour.cast.production.id)
    services.approve(actor=harbour.cast.actor("operator"), deployment=waiting, plan_hash=waiting.plan_hash)
    assert "Approved. It opens" in page(harbour, "viewer", "board", harbour.cast.project.id)


@pytest.mark.parametrize("who", ["developer", "operator"])
def test_what_a_gate_keeps_out_offers_an_emergency_to_who_may(harbour: Harbour, who: str) -> None:
    build = harbour.built()
    frozen(harbour, harbour.cast.dev)
    query = {"environment": harbour.cast.dev.id, "build": build.id}
    answer = harbour.cast.client(who).get(reverse("service_plan", args=[harbour.service.id]), query)
    html = answer.content.decode()
    assert answer.status_code == 422 and "the fair" in html and "It opens" in html
    assert ('name="emergency"' in html) == (who == "operator")
    sent = {**query, **a_reason(harbour.cast)}
    assert harbour.cast.client(who).post(reverse("service_deploy", args=[harbour.service.id]), sent).status_code == (
        302 if who == "operator" else 422
    )


def test_an_emergency_stays_in_sight_until_somebody_else_has_looked_at_it(harbour: Harbour) -> None:
    made, project = an_emergency(harbour), harbour.cast.project.id
    for where in (
        page(harbour, "viewer", "board", project),
        page(harbour, "viewer", "reviews", project),
        page(harbour, "viewer", "deployment", made.id),
    ):
        assert "Payments fail for everybody" in where
    assert "Give the review" in page(harbour, "owner", "deployment", made.id)
    assert "Give the review" not in page(harbour, "operator", "deployment", made.id)
    review = reverse("deployment_review", args=[made.id])
    assert harbour.cast.client("owner").post(review, {"comment": "It was right."}).status_code == 302
    assert "Payments fail" not in page(harbour, "viewer", "board", project)
    assert "It was right." in page(harbour, "viewer", "reviews", project)
    assert "It was right." in page(harbour, "viewer", "deployment", made.id)


def test_every_channel_hears_of_an_emergency_whatever_it_chose(harbour: Harbour) -> None:
    channel = Channel.objects.create(
        project=harbour.cast.project, name="chat", kind="webhook", target="https://chat.example.org", events=[]
    )
    made = an_emergency(harbour)
    notice = Notice.objects.get(channel=channel, event="deployment.emergency")
    assert notice.subject == made.id and "Payments fail" in notice.facts["deployment"]["reason"]


def test_the_board_says_how_far_builds_came_and_leads_to_what_differs(harbour: Harbour) -> None:
    first = harbour.deployed(harbour.cast.staging)
    change_environment(actor=harbour.cast.actor("owner"), environment=harbour.cast.dev, variables={"MODE": "loud"})
    second = harbour.deployed()
    html = page(harbour, "viewer", "board", harbour.cast.project.id)
    ends = f"?left={harbour.cast.dev.id}&amp;right={harbour.cast.staging.id}"
    address = reverse("service_comparison", args=[harbour.service.id])
    assert "how far builds came" in html and f"{address}{ends}" in html
    answer = harbour.cast.client("viewer").get(address + ends.replace("&amp;", "&"))
    differs = answer.content.decode()
    assert "variable <code>MODE</code>" in differs and "loud" in differs
    client = harbour.cast.client("viewer")
    told = client.get(f"/api/v1/services/{harbour.service.id}/journey/").json()["results"]
    assert [(way["number"], way["furthest"]) for way in told] == [(2, "dev"), (1, "staging")]
    ends = ends.replace("&amp;", "&")
    between = client.get(f"/api/v1/services/{harbour.service.id}/comparison/{ends}").json()
    assert (between["left"], between["right"]) == (second.release_id, first.release_id)
    assert {"kind": "variable", "name": "MODE", "before": "loud", "after": ""} in between["changes"]
    nowhere = f"?left={harbour.cast.dev.id}&right={harbour.cast.production.id}"
    assert client.get(f"/api/v1/services/{harbour.service.id}/comparison/{nowhere}").status_code == 404


def test_the_form_of_a_place_takes_windows_and_freezes_a_line_each(harbour: Harbour) -> None:
    cast = harbour.cast
    place = {"slug": "staging", "rank": 2, "hosts": [cast.host.id], "allow_skipping": "no", "approval_hours": 8}
    times = {"windows": "mon-fri 09:00-17:00 Europe/Berlin", "freezes": "2026-12-20T00:00Z 2027-01-04T08:00Z the fair"}
    address = reverse("environment", args=[cast.staging.id])
    assert cast.client("operator").post(address, {**place, **times}).status_code == 302
    kept = Environment.objects.get(id=cast.staging.id)
    assert (kept.allow_skipping, kept.approval_hours, kept.windows[0]["days"][0]) == (False, 8, "mon")
    html = page(harbour, "operator", "environment", cast.staging.id)
    assert "mon-fri 09:00-17:00 Europe/Berlin" in html and "the fair" in html
    wrong = cast.client("operator").post(address, {**place, "windows": "someday 09:00-17:00"})
    assert wrong.status_code == 400 and "At least one of mon" in wrong.content.decode()
