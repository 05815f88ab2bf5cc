"""Pages of environments, secrets and hosts."""

import re
from typing import Any

import pytest
from django.urls import reverse

from tests.cast import EVERYBODY, ROLES, Cast
from tests.deployments.rig import Harbour
from tests.pages.reading import SCRIPT, get, post
from webapp.audit.models import Entry
from webapp.environments import vault
from webapp.environments.models import Environment, Secret
from webapp.environments.services import set_secret
from webapp.hosts.models import Host
from webapp.hosts.parcel import parcel
from webapp.hosts.services import enroll, find_host, restrict
from webapp.teams.policy import SYSTEM

pytestmark = pytest.mark.thorough


def test_environments_stand_in_their_order_with_hosts_and_protection(cast: Cast) -> None:
    cast.staging.hosts.clear()
    html = get(cast.client("viewer"), reverse("environments", args=[cast.project.id]))
    assert [html.index(f">{slug}</a>") for slug in ("dev", "staging", "production")] == sorted(
        html.index(f">{slug}</a>") for slug in ("dev", "staging", "production")
    )
    assert "protected, 1 approval" in html and "nothing can run here" in html
    assert reverse("environment_new", args=[cast.project.id]) not in html


def test_an_operator_makes_a_place_changes_it_and_deletes_it(cast: Cast) -> None:
    client, new = cast.client("operator"), reverse("environment_new", args=[cast.project.id])
    assert 'value="4"' in get(client, new)  # to the right of all others
    fields: dict[str, Any] = {"slug": "lab", "rank": 4, "hosts": [cast.host.id]}
    assert post(client, new, **fields) == 302
    lab = Environment.objects.get(slug="lab")
    page = reverse("environment", args=[lab.id])
    assert post(client, page, **{**fields, "protected": "on", "required_approvals": 2}) == 302
    lab.refresh_from_db()
    assert (lab.protected, lab.required_approvals, list(lab.hosts.all())) == (True, 2, [cast.host])
    assert post(client, reverse("environment_delete", args=[lab.id])) == 302
    assert post(client, reverse("environment_delete", args=[lab.id])) == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"slug": "A place"}, "slug"),
        ({"rank": "first"}, "rank"),
        ({"rank": "-1"}, "rank"),
        ({"required_approvals": "1"}, "required_approvals"),
        ({"hosts": ["theirs"]}, "hosts"),
    ],
)
def test_what_is_wrong_with_a_place_stands_at_its_field(cast: Cast, fields: dict[str, Any], field: str) -> None:
    for url in (reverse("environment_new", args=[cast.project.id]), reverse("environment", args=[cast.dev.id])):
        answer = cast.client("owner").post(url, {"slug": "lab", "rank": 9, **fields})
        form = answer.context["form"] if "form" in answer.context else answer.context["place"]
        assert answer.status_code in (400, 422) and list(form.errors) == [field]
        assert 'class="error"' in answer.content.decode()
    assert post(cast.client("owner"), reverse("environment_new", args=[cast.project.id]), slug="dev", rank=9) == 409


@pytest.mark.parametrize("who", ROLES)
def test_variables_are_the_developers_and_the_place_the_operators(cast: Cast, who: str) -> None:
    cast.dev.variables = {"MODE": SCRIPT}
    cast.dev.save()
    page, variables = reverse("environment", args=[cast.dev.id]), reverse("environment_variables", args=[cast.dev.id])
    html = get(cast.client(who), page)
    assert SCRIPT not in html and "&lt;script&gt;alert(1)" in html
    assert ("Save the settings" in html) == (who in ("operator", "owner"))
    assert (variables in html) == (who != "viewer")
    assert (reverse("environment_delete", args=[cast.dev.id]) in html) == (who in ("operator", "owner"))


def test_variables_are_replaced_and_one_that_is_reserved_is_refused_at_its_field(cast: Cast) -> None:
    variables, client = reverse("environment_variables", args=[cast.dev.id]), cast.client("developer")
    assert post(client, variables, variables='MODE=a=b\r\nCERT="x\\ny"') == 302
    cast.dev.refresh_from_db()
    assert cast.dev.variables == {"MODE": "a=b", "CERT": "x\ny"}
    answer = client.post(variables, {"variables": "DOCKER_HOST=x"})
    assert answer.status_code == 400 and "DOCKER_HOST is reserved" in answer.content.decode()
    assert list(answer.context["variables"].errors) == ["variables"]


def test_a_secret_is_kept_as_typed_shown_by_version_and_retired(cast: Cast) -> None:
    page, client = reverse("secrets", args=[cast.project.id]), cast.client("operator")
    for value in ("first-value", "-----BEGIN\r\nKEY-----\r\n"):
        answer = client.post(page, {"environment": cast.dev.id, "name": "KEY", "value": value}, follow=True)
        assert answer.status_code == 200 and value.strip() not in answer.content.decode()
    newest = Secret.objects.get(version=2)
    assert vault.reveal({"KEY": newest.id}) == {"KEY": "-----BEGIN\nKEY-----\n"}
    html = get(cast.client("viewer"), page)
    assert '<td class="mono">KEY</td>' in html and reverse("secret_retire", args=[newest.id]) not in html
    retire = reverse("secret_retire", args=[newest.id])
    assert retire in get(client, page)
    assert [post(client, retire) for _ in range(2)] == [302, 302]
    assert '<td class="mono">KEY</td>' not in get(client, page)


def test_where_one_may_set_secrets_there_is_a_form(cast: Cast) -> None:
    page = reverse("secrets", args=[cast.project.id])
    owner = cast.actor("owner")
    secret = set_secret(actor=owner, project=cast.project, environment=cast.production, name="KEY", value="hush-hush")
    for who in ROLES:
        html = get(cast.client(who), page)
        assert (">Save</button>" in html) == (who != "viewer")
        assert (reverse("secret_retire", args=[secret.id]) in html) == (who in ("operator", "owner"))
    answer = cast.client("owner").post(page, {"name": "PATH", "value": "hush-hush"})
    assert answer.status_code == 400 and list(answer.context["form"].errors) == ["name"]


@pytest.mark.parametrize("who", EVERYBODY)
def test_hosts_are_listed_to_those_whom_they_serve(cast: Cast, who: str) -> None:
    own, _ = enroll(actor=SYSTEM, name="own")
    restrict(actor=SYSTEM, host=own, every_team=False, teams=[cast.team])
    html = get(cast.client(who), reverse("hosts"))
    assert reverse("host", args=[cast.host.id]) in html and "ready" in html
    assert (reverse("host", args=[own.id]) in html) == (who != "stranger")
    assert (reverse("host_enroll") in html) == (who in ("admin", "owner", "operator", "stranger"))


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_host_names_only_what_one_may_see_and_offers_what_one_may(harbour: Harbour, who: str) -> None:
    harbour.deployed()
    Host.objects.update(facts={**harbour.cast.host.facts, "kernel": SCRIPT})  # type: ignore[dict-item]
    html = get(harbour.cast.client(who), reverse("host", args=[harbour.cast.host.id]))
    assert (reverse("replica", args=[harbour.replicas()[0].id]) in html) == (who in ROLES)
    assert ("and 2 replicas of teams that are not yours" in html) == (who not in ROLES)
    for route in ("host_drain", "host_revoke", "host_code", "host_serve", "host_slots"):
        assert (reverse(route, args=[harbour.cast.host.id]) in html) == (who == "admin")
    assert SCRIPT not in html and "&lt;script&gt;alert(1)" in html


def test_a_code_is_shown_in_the_answer_and_never_again(cast: Cast) -> None:
    admin = cast.client("admin")
    html = admin.post(reverse("host_enroll"), {"name": "second"}).content.decode()
    host = Host.objects.get(name="second")
    assert re.search(r"slipway-worker/bin/worker enroll http://testserver sle_[\w-]+ --without-tls", html)
    assert parcel().digest in html and "This address has no TLS" in html and host.state == "awaited"
    assert re.search(r"sle_[\w-]+", admin.post(reverse("host_code", args=[host.id])).content.decode())
    for url in (reverse("hosts"), reverse("host", args=[host.id]), reverse("audit")):
        assert "sle_" not in get(admin, url)
    assert post(admin, reverse("host_enroll"), name="second") == 409
    assert post(admin, reverse("host_enroll"), name="Not one") == 400


def test_a_host_is_drained_restricted_and_revoked_by_its_page(cast: Cast) -> None:
    admin, id = cast.client("admin"), cast.host.id
    assert post(admin, reverse("host_drain", args=[id]), drained="yes") == 302
    assert "Take work again" in get(admin, reverse("host", args=[id]))
    assert post(admin, reverse("host_serve", args=[id]), teams=[cast.team.id]) == 302
    assert post(admin, reverse("host_serve", args=[id]), every_team="on", teams=[cast.team.id]) == 400
    assert post(admin, reverse("host_slots", args=[id]), build_slots=65) == 400
    assert post(admin, reverse("host_slots", args=[id]), build_slots="many") == 422
    host = Host.objects.get()
    assert host.drained and not host.every_team and list(host.teams.all()) == [cast.team] and host.build_slots == 2
    assert [post(admin, reverse("host_revoke", args=[id])) for _ in range(2)] == [302, 302]
    assert Host.objects.get().state == "revoked" and find_host(cast.host_credential) is None


def test_what_is_refused_at_a_page_is_in_the_trail_and_repetitions_are_one_entry(cast: Cast) -> None:
    page = reverse("environment_delete", args=[cast.dev.id])
    for _ in range(3):
        assert post(cast.client("viewer"), page) == 403
    assert post(cast.client("stranger"), page) == 404
    back = cast.client("developer").post(page, headers={"referer": "http://testserver/projects/"})
    assert back.status_code == 302
    entries = Entry.objects.filter(action="authz.denied", outcome="refused")
    assert sorted(entries.values_list("actor", flat=True)) == ["developer", "stranger", "viewer"]
    assert all("environments/<str:id>/deletion/" in entry.reason for entry in entries)


def test_an_address_that_nothing_can_have_is_not_there(cast: Cast) -> None:
    for id in ("%00", "x" * 500, "%F0%9F%9A%A2", "..%2F..", "%0A"):
        for path in ("images", "builds", "services", "deployments", "replicas", "environments", "hosts", "projects"):
            assert cast.client("owner").get(f"/{path}/{id}/").status_code == 404


@pytest.mark.parametrize(
    ("who", "served", "step"),
    [
        ("operator", True, 'Tick one under <a href="#place">Hosts</a>'),
        ("viewer", True, "An operator of team harbour chooses one here."),
        ("operator", False, "No host serves team harbour so far: a site admin"),
    ],
)
def test_a_place_without_a_host_says_so_and_what_to_do(cast: Cast, who: str, served: bool, step: str) -> None:
    page = reverse("environment", args=[cast.dev.id])
    assert "Nothing can run here yet" not in get(cast.client(who), page)
    cast.dev.hosts.clear()
    if not served:
        Host.objects.all().delete()
    html = " ".join(get(cast.client(who), page).split())
    assert "Nothing can run here yet: no host is chosen." in html and step.replace("harbour", cast.team.slug) in html


def test_the_only_host_is_chosen_for_a_new_place(cast: Cast) -> None:
    new = reverse("environment_new", args=[cast.project.id])
    Host.objects.exclude(id=cast.host.id).delete()
    assert "checked" in get(cast.client("operator"), new)
    second, _ = enroll(actor=SYSTEM, name="second")
    restrict(actor=SYSTEM, host=second, every_team=False, teams=[cast.team])
    assert "checked" not in get(cast.client("operator"), new)
