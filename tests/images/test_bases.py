"""A build takes along the passwords of the registries that it names, and of no others."""

from typing import Any

import pytest

from tests.deployments.rig import SOURCE, Harbour
from tests.images.given import GIT, an_image
from webapp.images.models import Image
from webapp.images.services import request_build
from webapp.ingest import revealing
from webapp.jobs.models import Job
from webapp.registries.services import add_registry

CANARY = "canary-b00c-pw"


def build(harbour: Harbour, source: dict[str, Any], slug: str = "based") -> Job:
    image: Image = an_image(harbour.cast, slug=slug, source=source)
    return request_build(actor=harbour.cast.actor("developer"), image=image).job


@pytest.fixture(autouse=True)
def registries(harbour: Harbour) -> None:
    cast = harbour.cast
    operator = cast.actor("operator")
    add_registry(actor=operator, team=cast.team, url="r.example.org", username="team", password="of the team")
    add_registry(
        actor=operator, team=cast.team, project=cast.project, url="r.example.org", username="robot", password=CANARY
    )
    add_registry(actor=operator, team=cast.team, url="other.example.org", username="robot", password="another one")
    add_registry(actor=operator, team=cast.team, url="public.example.org")


def test_a_dockerfile_takes_the_passwords_of_what_it_names(harbour: Harbour) -> None:
    job = build(harbour, {**SOURCE, "dockerfile": "FROM r.example.org/base\nCOPY --from=public.example.org/x /a /a"})
    assert [login["username"] for login in job.order["logins"]] == ["robot"], "the project's own goes first"
    assert list(revealing.secrets_for(job).values()) == [CANARY] and CANARY not in str(job.order)


def test_a_dockerfile_that_names_none_takes_none(harbour: Harbour) -> None:
    job = build(harbour, SOURCE)
    assert "logins" not in job.order and job.secrets == {}


def test_of_a_repository_the_host_reads_what_is_named(harbour: Harbour) -> None:
    job = build(harbour, GIT)
    assert sorted(login["registry"] for login in job.order["logins"]) == ["other.example.org", "r.example.org"]
