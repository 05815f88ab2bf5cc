"""What repositories hold that broke others: nothing of it runs, leaves the tree, or passes for something else."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.contract.source import GitSource
from runtime.sources.context import Context, SourceError
from runtime.sources.git import fetch_git
from tests.sources.repositories import Repository, Told

pytestmark = pytest.mark.thorough


@pytest.fixture
def fetch(tmp_path: Path, told: Told) -> Callable[..., Context]:
    def fetched(source: GitSource) -> Context:
        directory = tmp_path / "work"
        directory.mkdir()
        return fetch_git(source, directory=directory, means=told.means())

    return fetched


class Forge:
    """Makes commits that git's own commands would not make."""

    def __init__(self, repository: Repository, mark: Path) -> None:
        self.repository = repository
        self.docker = repository.git("rev-parse", "HEAD:Dockerfile")
        self.script = self.blob(f"#!/bin/sh\ntouch {mark}\n")

    def blob(self, text: str) -> str:
        return self.repository.git("hash-object", "-w", "--stdin", given=text)

    def tree(self, *entries: str) -> str:
        return self.repository.git("mktree", "--missing", given="".join(f"{entry}\n" for entry in entries))

    def commit(self, *entries: str) -> None:
        tree = self.tree(f"100644 blob {self.docker}\tDockerfile", *entries)
        commit = self.repository.git("commit-tree", tree, "-m", "made by hand")
        self.repository.git("update-ref", "refs/heads/trunk", commit)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "ran"


@pytest.fixture
def forge(repository: Repository, mark: Path) -> Forge:
    return Forge(repository, mark)


@pytest.mark.parametrize(
    "name", [".git", ".GIT", ".Git", "git~1", "GIT~1", ".git ", ".git.", ".g\u200cit", ".git::$INDEX"]
)
def test_a_folder_that_some_disk_would_take_for_gits_own_is_refused(
    name: str, forge: Forge, mark: Path, fetch: Callable[..., Context]
) -> None:
    hooks = forge.tree(f"100755 blob {forge.script}\tpost-checkout")
    inner = forge.tree(f"040000 tree {hooks}\thooks")
    forge.commit(f"040000 tree {inner}\t{name}")
    with pytest.raises(SourceError) as caught:
        fetch(GitSource(url=forge.repository.url))
    assert caught.value.problem.code == "git_failed" and "invalid path" in repr(caught.value.problem.evidence)
    assert not mark.exists()


@pytest.mark.parametrize("target", [".git", "../home", "/tmp"])
def test_nothing_is_written_through_a_link(
    target: str, forge: Forge, mark: Path, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    """One name twice in a tree: a link first, then a folder whose file would land behind the link."""
    link = forge.blob(target)
    inner = forge.tree(f"100755 blob {forge.script}\tslipway-was-here")
    hooks = forge.tree(f"040000 tree {inner}\thooks", f"100755 blob {forge.script}\tslipway-was-here")
    forge.commit(f"120000 blob {link}\ta", f"040000 tree {hooks}\ta")
    with suppress(SourceError):
        fetch(GitSource(url=forge.repository.url))
    tree = tmp_path / "work" / "tree"
    landed = [path for path in tmp_path.rglob("slipway-was-here") if not path.is_relative_to(tree / "a")]
    assert landed == [] and not Path("/tmp/slipway-was-here").exists() and not mark.exists()


@pytest.mark.parametrize("path", ["../x", "/etc", "Dockerfile/..", ".git/config"])
def test_a_folder_or_dockerfile_outside_the_tree_is_no_part_of_it(
    path: str, repository: Repository, fetch: Callable[..., Context]
) -> None:
    with pytest.raises(SourceError):
        fetch(GitSource(url=repository.url, directory=path))


def test_a_folder_that_is_a_link_out_of_the_tree_is_refused(
    repository: Repository, fetch: Callable[..., Context]
) -> None:
    (repository.path / "out").symlink_to("/etc")
    repository.commit()
    with pytest.raises(SourceError, match="not a directory of the source"):
        fetch(GitSource(url=repository.url, directory="out"))


def test_a_submodule_whose_name_ends_in_a_carriage_return_is_refused(
    forge: Forge, mark: Path, fetch: Callable[..., Context]
) -> None:
    text = f'[submodule "x"]\n\tpath = "sub\r"\n\turl = {forge.repository.url}\n'
    commit = forge.repository.git("rev-parse", "HEAD")
    forge.commit(f"100644 blob {forge.blob(text)}\t.gitmodules", f"160000 commit {commit}\tsub\r")
    with pytest.raises(SourceError, match="submodule"):
        fetch(GitSource(url=forge.repository.url, submodules=True))
    assert not mark.exists()


def test_a_list_of_submodules_brings_no_setting_of_gits_along(
    forge: Forge, mark: Path, fetch: Callable[..., Context]
) -> None:
    commit = forge.repository.git("rev-parse", "HEAD")
    text = (
        f"[core]\n\tsshCommand = touch {mark}\n\tfsmonitor = touch {mark}\n[include]\n\tpath = /etc/gitconfig\n"
        f'[submodule "x"]\n\tpath = x\n\turl = {forge.repository.url}\n\tupdate = !touch {mark}\n'
    )
    forge.commit(f"100644 blob {forge.blob(text)}\t.gitmodules", f"160000 commit {commit}\tx")
    assert (fetch(GitSource(url=forge.repository.url, submodules=True)).directory / "x" / "Dockerfile").is_file()
    assert not mark.exists()


def test_a_branch_and_a_tag_of_one_name_are_told_apart(
    repository: Repository, fetch: Callable[..., Context], told: Told
) -> None:
    branch = repository.commit(app="branch")
    repository.git("branch", "v1")
    repository.commit(app="tag")
    repository.git("tag", "v1")
    context = fetch(GitSource(url=repository.url, ref="v1"))
    assert context.commit == branch
    assert [line for line in told.lines if re.search("both a branch and a tag.*refs/tags/v1", line)]


def test_by_its_full_name_the_tag_is_taken(repository: Repository, fetch: Callable[..., Context], told: Told) -> None:
    repository.git("branch", "v1")
    tag = repository.commit(app="tag")
    repository.git("tag", "-a", "v1", "-m", "annotated")
    assert fetch(GitSource(url=repository.url, ref="refs/tags/v1")).commit == tag
    assert not any("both" in line for line in told.lines)
