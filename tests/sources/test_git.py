"""Git sources: one commit of a repository, and nothing of it runs."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.contract.source import GitSource
from runtime.procedures.ports import Cancelled
from runtime.redaction import Secret
from runtime.sources.context import Context, SourceError
from runtime.sources.git import fetch_git
from runtime.sources.means import GitLimits
from tests.sources.repositories import LOCAL, Repository, Told

pytestmark = pytest.mark.thorough


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One whose server gives single commits only by way of a branch, as many do."""
    made = Repository(tmp_path / "origin")
    made.path.mkdir()
    made.git("init", "--quiet", "--initial-branch=trunk")
    made.commit(Dockerfile="FROM a\n")
    return made


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., Context]:
    def fetched(source: GitSource, limits: GitLimits = LOCAL) -> Context:
        directory = tmp_path / "work"
        directory.mkdir()
        return fetch_git(source, directory=directory, means=Told().means(limits))

    return fetched


@pytest.mark.parametrize("ref", [None, "trunk", "v1", "annotated", "commit"])
def test_every_kind_of_ref_becomes_a_full_commit(
    ref: str | None, repository: Repository, fetch: Callable[..., Context]
) -> None:
    wanted = repository.commit(app="one")
    repository.git("tag", "v1")
    repository.git("tag", "-a", "annotated", "-m", "x")
    if ref not in (None, "trunk"):
        repository.commit(app="two")
    else:
        wanted = repository.commit(app="one", other="x")
    context = fetch(GitSource(url=repository.url, ref=wanted if ref == "commit" else ref))
    assert context.commit == wanted
    assert context.ref == {None: "refs/heads/trunk", "trunk": "refs/heads/trunk", "commit": None}.get(
        ref, f"refs/tags/{ref}"
    )
    assert (context.directory / "app").read_text() == "one"
    assert not (context.directory / ".git").exists()


def test_an_older_commit_that_no_branch_ends_in_is_found(repository: Repository, fetch: Callable[..., Context]) -> None:
    old = repository.commit(app="old")
    repository.commit(app="new")
    assert (fetch(GitSource(url=repository.url, ref=old)).directory / "app").read_text() == "old"


def test_a_directory_and_another_dockerfile(repository: Repository, fetch: Callable[..., Context]) -> None:
    (repository.path / "sub").mkdir()
    (repository.path / "sub/build.dockerfile").write_text("FROM b\n")
    repository.commit()
    context = fetch(GitSource(url=repository.url, directory="sub", dockerfile="build.dockerfile"))
    assert context.dockerfile_text == "FROM b\n"
    assert context.directory.name == "sub"


@pytest.mark.parametrize(
    "ref",
    ["--upload-pack=touch /tmp/x", "-c core.sshCommand=x", "main;curl x|sh", "@{-1}", "refs/../x", "a\nb", "a..b", ""],
)
def test_a_ref_that_is_more_than_a_name_is_refused(
    ref: str, repository: Repository, fetch: Callable[..., Context]
) -> None:
    with pytest.raises(SourceError, match="not the name"):
        fetch(GitSource(url=repository.url, ref=ref))


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch",
        "file:///etc",
        "-oProxyCommand=x",
        "ssh://-oX@h/x",
        "git://h/x",
        "http://h/x",
        "https://user:pass@h/x",
        "https://user@h/x",
        "https:///x",
        "https://h/x y",
        "https://h/\nx",
        "https://[::1/x",
        "h:x",
        "/etc",
    ],
)
def test_only_https_without_a_credential_is_fetched_from(url: str, fetch: Callable[..., Context]) -> None:
    with pytest.raises(SourceError, match="repository"):
        fetch(GitSource(url=url), GitLimits())


def test_a_branch_that_is_not_there_is_said_so(repository: Repository, fetch: Callable[..., Context]) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url=repository.url, ref="missing"))
    assert caught.value.problem.code == "ref_not_found"


def test_a_repository_that_is_not_there_keeps_gits_words(tmp_path: Path, fetch: Callable[..., Context]) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url=f"file://{tmp_path}/nothing"))
    assert caught.value.problem.code == "git_failed"
    assert caught.value.problem.evidence


def test_filters_hooks_and_submodules_of_a_repository_do_nothing(
    repository: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    (repository.path / ".gitattributes").write_text("* filter=evil\n*.bin filter=lfs\n")
    (repository.path / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch {mark}"\n')
    (repository.path / ".lfsconfig").write_text(f"[lfs]\n\turl = ext::sh -c 'touch {mark}'\n")
    repository.commit(data="kept")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
    repository.git("commit", "--quiet", "-m", "a submodule")
    context = fetch(GitSource(url=repository.url))
    assert (context.directory / "data").read_text() == "kept"
    assert not mark.exists()


def test_a_dockerfile_that_links_outside_the_tree_is_refused(
    repository: Repository, fetch: Callable[..., Context]
) -> None:
    (repository.path / "Dockerfile").unlink()
    (repository.path / "Dockerfile").symlink_to("/etc/passwd")
    repository.commit()
    with pytest.raises(SourceError, match="outside"):
        fetch(GitSource(url=repository.url))


@pytest.mark.parametrize(
    "limits", [replace(LOCAL, tree_bytes=10), replace(LOCAL, tree_entries=1), replace(LOCAL, fetched_bytes=0)]
)
def test_a_repository_that_is_too_large_is_refused(
    limits: GitLimits, repository: Repository, fetch: Callable[..., Context]
) -> None:
    repository.commit(big="x" * 1000, more="y")
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url=repository.url), limits)
    assert caught.value.problem.code == "source_too_large"


def test_a_fetch_ends_at_its_deadline(repository: Repository, fetch: Callable[..., Context]) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url=repository.url), replace(LOCAL, seconds=0.0))
    assert (caught.value.problem.code, caught.value.problem.retry_helps) == ("source_timeout", True)


def test_a_fetch_is_cancelled(repository: Repository, tmp_path: Path) -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch_git(GitSource(url=repository.url), directory=tmp_path, means=Told().means(check_cancelled=stop))


def test_a_credential_is_asked_for_by_git_and_is_in_no_argument(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git that answers for the real one: it writes down its arguments and what the askpass says."""
    programs, notes = tmp_path / "bin", tmp_path / "notes"
    programs.mkdir()
    fake = programs / "git"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {notes}\n"$GIT_ASKPASS" "Username for x" >> {notes}.asked\n'
        f'"$GIT_ASKPASS" "Password for x" >> {notes}.asked\nexit 1\n'
    )
    fake.chmod(0o755)
    monkeypatch.setattr("runtime.sources.git_https.CHILD_PATH", str(programs))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    work = tmp_path / "work"
    work.mkdir()
    source = GitSource(url=repository.url, credential="bot")
    with pytest.raises(SourceError):
        fetch_git(source, directory=work, means=Told().means(secrets={"bot": Secret("bot:hunter22:x")}))
    assert Path(f"{notes}.asked").read_text().split() == ["bot", "hunter22:x"]
    assert "hunter22" not in notes.read_text()


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def lookup(host: str, port: int, **more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.mark.parametrize("addresses", [["10.0.0.5"], ["93.184.215.14", "169.254.169.254"], ["::ffff:10.0.0.5"]])
def test_a_name_that_leads_to_a_private_address_is_not_fetched_from(
    addresses: list[str], fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    leads_to(monkeypatch, *addresses)
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url="https://git.example.org/x.git"), GitLimits())
    assert caught.value.problem.code == "source_private" and "SLIPWAY_GIT_PRIVATE_HOSTS" in caught.value.problem.advice


def test_git_connects_to_the_address_that_was_asked_about(
    fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name server knows the name: what arrives has taken the address of the one look-up."""
    leads_to(monkeypatch, "127.0.0.9", "127.0.0.1")  # nothing listens at the first
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hear() -> None:
            connection, _ = server.accept()
            heard.append(connection.recv(2000))
            connection.close()

        listener = threading.Thread(target=hear, daemon=True)
        listener.start()
        url = f"https://git.example.org:{server.getsockname()[1]}/x.git"
        with pytest.raises(SourceError) as caught:
            fetch(GitSource(url=url), GitLimits(private=("127.0.0.0/8",)))
        listener.join(5)
    assert caught.value.problem.code == "git_failed"
    assert heard and b"git.example.org" in heard[0]  # the certificate is asked for the name, not for the address


def test_a_git_that_would_not_heed_the_address_is_not_used(
    tmp_path: Path, fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    leads_to(monkeypatch, "93.184.215.14")
    fake = tmp_path / "old" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho git version 2.36.9\n")
    fake.chmod(0o755)
    monkeypatch.setattr("runtime.sources.git_https.CHILD_PATH", str(fake.parent))
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(SourceError, match=r"older than 2\.37"):
        fetch(GitSource(url="https://git.example.org/x.git"), GitLimits())


def test_a_name_that_leads_nowhere_is_said_so(fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*args: object, **more: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url="https://git.example.org/x.git"), GitLimits())
    assert (caught.value.problem.code, caught.value.problem.retry_helps) == ("source_unreachable", True)


def test_a_host_that_the_configuration_names_is_asked_nothing(fetch: Callable[..., Context]) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url="https://localhost:9/x.git"), GitLimits(private=("localhost",)))
    assert caught.value.problem.code == "git_failed"
