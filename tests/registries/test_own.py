"""Slipway's own registry: each team has its part of it, each job a password of its own, and nobody else is let in."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate
from django.core.management import call_command
from pytest_django.fixtures import Settings

from runtime.contract.reports import Finish
from tests.deployments.rig import Harbour, harbour
from tests.redis_rig import redis_server, redis_url
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.images.services import push_build, request_build, set_destinations
from webapp.ingest import revealing
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Invalid
from webapp.registries import services
from webapp.registries.models import Registry
from webapp.registries.own import passwords, place, setup, tokens
from webapp.teams.policy import SYSTEM
from webapp.teams.services import create_team

__all__ = ["harbour", "redis_server", "redis_url"]

pytestmark = pytest.mark.thorough

ADDRESS = "127.0.0.1:5050"
DOOR = "/registry/token/"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key takes its time, and is made once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def own(harbour: Harbour, settings: Settings, home: Path) -> Harbour:
    settings.OWN_REGISTRY, settings.SLIPWAY_HOME = ADDRESS, home
    if not (home / "registry").exists():
        setup.write_all()
    return harbour


def build(harbour: Harbour) -> Build:
    return request_build(actor=harbour.cast.actor("developer"), image=harbour.image)


def claimed(harbour: Harbour, job: Job | None = None) -> tuple[Job, str]:
    """A job under way, and the password that its claim carries."""
    taken = harbour.claim(job or build(harbour).job)
    (password,) = revealing.secrets_for(taken).values()
    return taken, password


def ask(harbour: Harbour, password: str, *scopes: str, user: str = "slipway") -> Any:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    client = harbour.cast.client("stranger")
    client.logout()
    return client.get(DOOR, {"service": "slipway", "scope": list(scopes)}, headers={"authorization": f"Basic {pair}"})


def opened(answer: Any) -> dict[str, Any]:
    """What a token says, its signature proven by the certificate that the registry trusts."""
    assert answer.status_code == 200, answer.content
    head, body, signature = answer.json()["token"].split(".")
    certificate = load_pem_x509_certificate((tokens.folder() / tokens.CERTIFICATE_FILE).read_bytes())
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(_bytes(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    found: dict[str, Any] = json.loads(_bytes(body))
    return found


def access(answer: Any) -> dict[str, list[str]]:
    return {one["name"]: one["actions"] for one in opened(answer)["access"]}


def mine(harbour: Harbour, image: str = "front") -> str:
    return place.repository_of(harbour.cast.project, image)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_every_team_knows_it_and_a_later_one_soon(own: Harbour) -> None:
    assert place.keep_rows() >= 2 and place.keep_rows() == 0
    create_team(actor=own.cast.actor("owner"), slug="later", name="Later")
    assert place.keep_rows() == 1
    row = Registry.objects.get(team=own.cast.team, own=True)
    assert (row.address, row.plain, row.prefix) == (ADDRESS, True, place.prefix_of(own.cast.team))
    assert row in Registry.objects.usable_by(own.cast.project)


def test_switched_off_it_is_gone_and_it_moves_with_its_address(own: Harbour, settings: Settings) -> None:
    place.keep_rows()
    settings.OWN_REGISTRY = ""
    assert not Registry.objects.usable_by(own.cast.project).exists() and place.keep_rows() == 0
    assert not build(own).pushes.exists()
    settings.OWN_REGISTRY = "127.0.0.1:6060"
    place.keep_rows()
    assert Registry.objects.get(team=own.cast.team).address == "127.0.0.1:6060"


def test_it_is_not_changed_or_forgotten_by_a_team(own: Harbour) -> None:
    row, operator = place.row_for(own.cast.team), own.cast.actor("operator")
    assert row is not None
    for act in (
        lambda: services.change_registry(actor=operator, registry=row, prefix="x"),
        lambda: services.remove_registry(actor=operator, registry=row),
    ):
        with pytest.raises(Conflicting) as refused:
            act()
        assert refused.value.code == "registry.own"


def test_every_build_is_pushed_there_and_fails_with_it_only_where_it_was_named(own: Harbour) -> None:
    push = build(own).pushes.get()
    assert (push.repository, push.primary) == (f"{ADDRESS}/{mine(own)}", False)
    row = place.row_for(own.cast.team)
    assert row is not None
    set_destinations(actor=own.cast.actor("developer"), image=own.image, push=[{"registry": row.id, "tags": ["x"]}])
    push = build(own).pushes.get()
    assert (push.repository, push.primary, push.templates) == (f"{ADDRESS}/{mine(own)}", True, ["x"])


@pytest.mark.parametrize("repository", ["front", "other-000000/web/front", "{prefix}/other/front", "{prefix}/web"])
def test_a_project_pushes_into_its_own_part_alone(own: Harbour, repository: str) -> None:
    row = place.row_for(own.cast.team)
    assert row is not None
    push = [{"registry": row.id, "repository": repository.format(prefix=row.prefix)}]
    with pytest.raises(Invalid) as refused:
        set_destinations(actor=own.cast.actor("developer"), image=own.image, push=push)
    assert list(refused.value.errors) == ["push.0.repository"]


def test_a_host_pushes_what_its_job_builds_and_pulls_what_its_team_has(own: Harbour) -> None:
    job, password = claimed(own)
    prefix = place.prefix_of(own.cast.team)
    answer = ask(
        own,
        password,
        f"repository:{mine(own)}:pull,push",
        f"repository:{mine(own, 'other')}:pull,push",
        f"repository:{prefix}/another/x:pull repository:{mine(own)}:delete",
        f"repository:{place.prefix_of(own.cast.foreign_project.team)}/web/front:pull",
        "registry:catalog:*",
    )
    assert access(answer) == {
        mine(own): ["pull", "push"],
        mine(own, "other"): ["pull"],
        f"{prefix}/another/x": ["pull"],
    }
    said = opened(answer)
    assert (said["iss"], said["aud"], said["sub"]) == ("slipway", "slipway", f"host {job.host.name}")
    assert said["exp"] - said["iat"] == tokens.LIFE_SECONDS


def test_a_password_ends_with_its_attempt(own: Harbour) -> None:
    job, password = claimed(own)
    assert ask(own, password).status_code == 200
    Job.objects.filter(id=job.id).update(attempt=2)
    assert ask(own, password).status_code == 401
    Job.objects.filter(id=job.id).update(attempt=1)
    own.finish(job, Finish(state="cancelled", last_line=0))
    assert ask(own, password).status_code == 401


def test_a_host_that_was_let_go_is_let_in_no_more(own: Harbour) -> None:
    job, password = claimed(own)
    Host.objects.filter(id=job.host_id).update(credential_digest="")
    assert ask(own, password).status_code == 401


def test_a_password_is_for_no_other_job_and_is_kept_nowhere(own: Harbour) -> None:
    job, password = claimed(own)
    other = build(own).job
    forged = password.replace(job.id, other.id)
    for wrong in (forged, password[:-1], "", "slr_x_1_y", f"slr_{job.id}_²_x", "slw_a_b", password.upper()):
        assert ask(own, wrong).status_code == 401
    assert passwords.find_job(password) == job
    assert password not in str((job.order, job.secrets)) and password not in str(Registry.objects.values())


def test_pushing_again_pushes_that_place_alone(own: Harbour) -> None:
    made, row = own.built(), place.row_for(own.cast.team)
    assert row is not None
    push = push_build(actor=own.cast.actor("developer"), build=made, registry=row.id, repository=mine(own, "copy"))
    _, password = claimed(own, push.job)
    answer = ask(own, password, f"repository:{mine(own)}:push", f"repository:{mine(own, 'copy')}:push")
    assert access(answer) == {mine(own, "copy"): ["push"]}


@pytest.mark.parametrize(
    ("who", "scopes", "may"),
    [("viewer", ("read",), True), ("developer", ("read", "deploy"), True), ("stranger", ("read",), False)],
)
def test_people_pull_with_a_token_what_they_may_see(own: Harbour, who: str, scopes: tuple[str, ...], may: bool) -> None:
    bearer = own.cast.bearer(who, *scopes)
    secret = str(bearer.defaults["HTTP_AUTHORIZATION"]).removeprefix("Bearer ")
    answer = ask(own, secret, f"repository:{mine(own)}:pull,push", user=who)
    assert access(answer) == ({mine(own): ["pull"]} if may else {})


def test_nobody_without_a_password_and_no_guesser_is_let_in(own: Harbour) -> None:
    client = own.cast.client("owner")
    assert client.get(DOOR).status_code == 401, "a session is no password"
    assert client.post(DOOR).status_code == 405
    statuses = [ask(own, "slr_wrong_1_x").status_code for _ in range(32)]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert ask(own, claimed(own)[1]).status_code == 200, "who is known is let in all the same"


def test_without_a_registry_there_is_no_door(own: Harbour, settings: Settings) -> None:
    _, password = claimed(own)
    settings.OWN_REGISTRY = ""
    assert ask(own, password).status_code == 404


def test_its_files_are_made_once_and_for_the_owner_alone(own: Harbour, capsys: pytest.CaptureFixture[str]) -> None:
    key = (tokens.folder() / tokens.KEY_FILE).read_bytes()
    call_command("own_registry")
    path = Path(capsys.readouterr().out.strip())
    assert (tokens.folder() / tokens.KEY_FILE).read_bytes() == key
    assert all(file.stat().st_mode & 0o077 == 0 for file in tokens.folder().iterdir())
    said = json.loads(path.read_text())
    assert said["http"]["addr"] == ADDRESS and said["auth"]["token"]["realm"].endswith(DOOR)


def test_another_teams_part_is_not_listed(own: Harbour) -> None:
    row = place.row_for(own.cast.team)
    assert row is not None
    for repository in ("other-000000/web/front", row.prefix):
        with pytest.raises(Invalid):
            services.list_tags(actor=SYSTEM, registry=row, repository=repository)


def test_its_page_says_what_it_is_and_how_people_pull(own: Harbour) -> None:
    row = place.row_for(own.cast.team)
    assert row is not None
    page = own.cast.client("operator").get(f"/registries/{row.id}/").content.decode()
    assert f"docker login -u token {ADDRESS}" in page and "Forget this registry" not in page
    viewer = own.cast.client("viewer")
    assert "own</span>" in viewer.get(f"/projects/{own.cast.project.id}/registries/").content.decode()
    shown = viewer.get(f"/images/{own.image.id}/").content.decode()
    assert f"{ADDRESS}/{mine(own)}" in shown and "Nowhere" not in shown
