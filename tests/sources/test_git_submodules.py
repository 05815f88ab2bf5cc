"""Submodules are fetched where the source asks for them, by its own rule, and nothing that a repository says runs."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.contract.source import GitSource
from runtime.sources import git_submodules
from runtime.sources.context import Context, SourceError
from runtime.sources.git import fetch_git
from runtime.sources.means import GitLimits
from tests.sources.repositories import LOCAL, Repository, Told

pytestmark = pytest.mark.thorough


@pytest.fixture
def fetch(tmp_path: Path, told: Told) -> Callable[..., Context]:
    def fetched(source: GitSource, limits: GitLimits = LOCAL) -> Context:
        directory = tmp_path / "work"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        return fetch_git(source, directory=directory, means=told.means(limits))

    return fetched


@pytest.fixture
def library(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "library", code="first")


def whole(repository: Repository) -> GitSource:
    return GitSource(url=repository.url, submodules=True)


def head(repository: Repository) -> str:
    return repository.git("rev-parse", "HEAD")


def refused(call: Callable[[], Context]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        call()
    return caught.value


def test_they_are_left_out_unless_they_are_asked_for(
    repository: Repository, library: Repository, fetch: Callable[..., Context]
) -> None:
    repository.link("lib", head(library), library.url)
    context = fetch(GitSource(url=repository.url))
    assert list((context.directory / "lib").iterdir()) == []


def test_the_very_commit_is_fetched_into_its_place_without_gits_own_files(
    repository: Repository, library: Repository, fetch: Callable[..., Context], told: Told
) -> None:
    wanted = head(library)
    library.commit(code="second")
    commit = repository.link("vendor/lib", wanted, library.url)
    context = fetch(whole(repository))
    assert context.commit == commit
    assert (context.directory / "vendor/lib/code").read_text() == "first"
    assert not list(context.directory.rglob(".git"))
    assert f"Fetching submodule vendor/lib from {library.url}, commit {wanted}" in told.lines


def test_those_of_a_submodule_are_fetched_too_up_to_a_depth(
    repository: Repository, library: Repository, fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    deep = Repository.made(tmp_path / "deep", bottom="reached")
    library.link("deep", head(deep), deep.url)
    repository.link("lib", head(library), library.url)
    assert (fetch(whole(repository)).directory / "lib/deep/bottom").read_text() == "reached"
    monkeypatch.setattr(git_submodules, "MAX_DEPTH", 1)
    error = refused(lambda: fetch(whole(repository)))
    assert error.problem.code == "source_too_large" and "submodule lib: submodule deep" in error.problem.message


def test_a_repository_that_is_its_own_submodule_comes_to_an_end(
    repository: Repository, fetch: Callable[..., Context]
) -> None:
    for _ in range(6):
        repository.link("me", head(repository), repository.url)
    assert refused(lambda: fetch(whole(repository))).problem.code == "source_too_large"


def test_there_is_an_end_of_their_number(
    repository: Repository, library: Repository, fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_submodules, "MAX_SUBMODULES", 1)
    repository.link("a", head(library), library.url)
    assert fetch(whole(repository)).commit
    repository.link("b", head(library), library.url)
    assert refused(lambda: fetch(whole(repository))).problem.code == "source_too_large"


def test_together_they_are_no_larger_than_a_source_may_be(
    repository: Repository, library: Repository, fetch: Callable[..., Context]
) -> None:
    library.commit(big="x" * 5000)
    repository.link("lib", head(library), library.url)
    limits = GitLimits(protocols=("file",), tree_bytes=4000)
    assert refused(lambda: fetch(whole(repository), limits)).problem.code == "source_too_large"
    assert fetch(GitSource(url=repository.url), limits).commit


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% {mark}",
        "-u./payload",
        "--upload-pack=touch {mark}",
        "ssh://-oProxyCommand=touch% {mark}/x",
        "git@-oProxyCommand=x:y",
        "git://git.example.org/x",
        "http://git.example.org/x",
        "file:///etc",
        "/etc",
        "../../../../../../../../../../x",
        "https://user:password@git.example.org/x",
        "https://git.example.org/x?y",
        "https://git.example.org/\tx",
        "",
    ],
)
def test_an_address_that_no_source_may_have_is_no_submodules_either(
    url: str, repository: Repository, library: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    repository.link("lib", head(library), url.format(mark=mark))
    source = GitSource(url=repository.url, submodules=True)
    error = refused(lambda: fetch(source, GitLimits(protocols=("file", "https", "ssh"))) if url != "file:///etc" else
                    fetch(source, LOCAL))  # fmt: skip
    assert error.problem.message.startswith("submodule lib: ") and not mark.exists()
    assert error.problem.code in ("source_refused", "git_failed")


def test_a_submodule_at_a_private_address_is_not_connected_to(
    repository: Repository, library: Repository, fetch: Callable[..., Context], leads_to: Callable[..., None]
) -> None:
    leads_to("169.254.169.254")
    repository.link("lib", head(library), "https://git.example.org/x")
    error = refused(lambda: fetch(whole(repository), GitLimits(protocols=("file", "https"))))
    assert error.problem.code == "source_private" and error.problem.message.startswith("submodule lib: ")


def test_one_without_an_address_is_said_so(
    repository: Repository, library: Repository, fetch: Callable[..., Context]
) -> None:
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head(library)},lib")
    repository.git("commit", "--quiet", "-m", "half")
    assert ".gitmodules" in refused(lambda: fetch(whole(repository))).problem.message


def test_a_list_that_is_a_link_is_not_read(
    repository: Repository, library: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    repository.link("lib", head(library), library.url)
    listed = tmp_path / "elsewhere"
    shutil.move(repository.path / ".gitmodules", listed)
    (repository.path / ".gitmodules").symlink_to(listed)
    repository.git("add", "-A", ".gitmodules")
    repository.git("commit", "--quiet", "-m", "a link")
    assert refused(lambda: fetch(whole(repository))).problem.code in ("source_refused", "git_failed")


def tree_of(repository: Repository, *entries: str) -> None:
    """A commit of exactly these entries, whatever git itself would say of them."""
    tree = repository.git("mktree", "--missing", given="".join(f"{entry}\n" for entry in entries))
    commit = repository.git("commit-tree", tree, "-m", "made by hand")
    repository.git("update-ref", "refs/heads/trunk", commit)


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "git~1", ".g\u200cit"])
def test_a_place_in_gits_own_folder_or_above_is_refused(
    name: str, repository: Repository, library: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    text = f'[submodule "x"]\n\tpath = {name}\n\turl = {library.url}\n'
    blob = repository.git("hash-object", "-w", "--stdin", given=text)
    docker = repository.git("rev-parse", "HEAD:Dockerfile")
    tree_of(
        repository,
        f"100644 blob {blob}\t.gitmodules",
        f"100644 blob {docker}\tDockerfile",
        f"160000 commit {head(library)}\t{name}",
    )
    refused(lambda: fetch(whole(repository)))
    assert not (tmp_path / "code").exists()


def test_a_link_where_a_submodule_belongs_leads_nowhere(
    repository: Repository, library: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    """The same name twice, once as a link and once as a folder that holds the submodule."""
    outside = tmp_path / "outside"
    (outside / "lib").mkdir(parents=True)
    text = f'[submodule "x"]\n\tpath = a/lib\n\turl = {library.url}\n'
    blob = repository.git("hash-object", "-w", "--stdin", given=text)
    target = repository.git("hash-object", "-w", "--stdin", given=str(outside))
    inner = repository.git("mktree", "--missing", given=f"160000 commit {head(library)}\tlib\n")
    docker = repository.git("rev-parse", "HEAD:Dockerfile")
    tree_of(
        repository,
        f"100644 blob {blob}\t.gitmodules",
        f"100644 blob {docker}\tDockerfile",
        f"120000 blob {target}\ta",
        f"040000 tree {inner}\ta",
    )
    with suppress(SourceError):
        fetch(whole(repository))
    assert list((outside / "lib").iterdir()) == []
