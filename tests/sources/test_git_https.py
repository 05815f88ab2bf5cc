"""By HTTPS, from git's own backend behind TLS and a password."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.contract.source import GitSource
from runtime.redaction import Secret
from runtime.sources.context import Context, SourceError
from runtime.sources.git import fetch_git
from runtime.sources.means import GitLimits
from tests.sources.repositories import Repository, Told
from tests.sources.servers import HttpsServer
from tests.sources.test_git_ssh import arguments

pytestmark = pytest.mark.thorough

HERE = GitLimits(private=("127.0.0.0/8",))
PASSWORD = "let me in"


@pytest.fixture(autouse=True)
def here(leads_to: Callable[..., None]) -> None:
    leads_to("127.0.0.1")


@pytest.fixture
def fetch(tmp_path: Path, told: Told) -> Callable[..., Context]:
    def fetched(
        source: GitSource, credential: str = f"robot:{PASSWORD}", stop: Callable[[], None] = lambda: None
    ) -> Context:
        directory = tmp_path / "work"
        directory.mkdir()
        means = told.means(HERE, check_cancelled=stop, secrets={"LOGIN": Secret(credential)})
        return fetch_git(source, directory=directory, means=means)

    return fetched


def test_a_private_repository_is_fetched_with_its_credential(
    https: HttpsServer, repository: Repository, fetch: Callable[..., Context], told: Told
) -> None:
    seen: list[bytes] = []
    source = GitSource(url=https.url(repository.path), ref="trunk", credential="LOGIN")
    context = fetch(source, stop=lambda: seen.extend(arguments()))
    assert context.commit == repository.git("rev-parse", "HEAD") == told.facts["commit"]
    assert any(b"http.curloptResolve=git.example.org" in line for line in seen)
    assert not any(PASSWORD.encode() in line for line in seen) and PASSWORD not in repr(told)


@pytest.mark.parametrize("credential", ["LOGIN", None])
def test_without_the_right_credential_it_is_said_so(
    credential: str | None, https: HttpsServer, repository: Repository, fetch: Callable[..., Context]
) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url=https.url(repository.path), credential=credential), credential="robot:wrong")
    assert caught.value.problem.code == "git_credential" and not caught.value.problem.retry_helps


def test_a_redirect_is_not_followed(https: HttpsServer, repository: Repository, fetch: Callable[..., Context]) -> None:
    https.moved = "https://169.254.169.254"
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url=https.url(repository.path), credential="LOGIN"))
    assert caught.value.problem.code == "git_failed"
    assert re.search("redirect|302", repr(caught.value.problem.evidence))


def test_a_submodule_elsewhere_is_not_told_the_credential(
    https: HttpsServer, repository: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    """The other host is the same server by another name: what it was told is in its notes."""
    library = Repository.made(tmp_path / "library", code="x")
    elsewhere = https.url(library.path).replace("git.example.org", "other.example.org")
    repository.link("lib", library.git("rev-parse", "HEAD"), elsewhere)
    with pytest.raises(SourceError, match="submodule lib"):
        fetch(GitSource(url=https.url(repository.path), credential="LOGIN", submodules=True))
    assert not any(proof for path, proof in https.asked if path.startswith("/library"))


def test_a_submodule_beside_it_is_fetched_with_the_credential(
    https: HttpsServer, repository: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    library = Repository.made(tmp_path / "library", code="x")
    repository.link("lib", library.git("rev-parse", "HEAD"), "../library")
    context = fetch(GitSource(url=https.url(repository.path), credential="LOGIN", submodules=True))
    assert (context.directory / "lib" / "code").read_text() == "x"
