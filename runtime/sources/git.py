"""Git sources: one commit of a repository, with its submodules where that is asked for, as a build context.

Who fetches is `git_repository`, by HTTPS (`git_https`) or SSH (`git_ssh`), each address asked about first (`git_ways`).
"""

from dataclasses import replace
from pathlib import Path

from runtime.contract.names import GIT_COMMIT, is_safe_git_ref
from runtime.contract.source import GitSource
from runtime.sources.context import Context, SourceError, guarded_path, open_context
from runtime.sources.git_repository import TAG, Fetched
from runtime.sources.git_submodules import Submodules
from runtime.sources.git_ways import Ways
from runtime.sources.means import Means


def fetch_git(source: GitSource, *, directory: Path, means: Means) -> Context:
    """Fetches into the empty `directory`; the context of one full commit. SourceError, and what
    `means.check_cancelled` raises.
    """
    means.say(f"Fetching {source.url}")
    ways = Ways(source, means)
    if source.ref is not None and not is_safe_git_ref(source.ref):
        raise SourceError("that is not the name of a branch, a tag or a commit")
    git = ways.open(ways.at, directory)
    name = _full_name(git, str(ways.at), source.ref, means)
    commit = git.fetch(str(ways.at), name)
    means.fact("commit", commit)
    means.say(f"Building commit {commit}")
    entries = git.entries(commit)
    submodules = Submodules(ways=ways, means=means, directory=directory / "submodules")
    wanted = submodules.wanted(git, commit, entries, ways.at) if source.submodules else []
    git.check_out(commit)
    submodules.fill(git.tree, wanted)
    part = git.tree if source.directory == "." else git.tree / str(guarded_path(source.directory))
    context = open_context(part, dockerfile=source.dockerfile, root=git.tree, commit=commit)
    return replace(context, ref=name if name.startswith("refs/") else None)


def _full_name(git: Fetched, url: str, ref: str | None, means: Means) -> str:
    """What is fetched: a full commit, or the full name of a branch or tag."""
    if ref is None:
        return git.head(url)
    if GIT_COMMIT.fullmatch(ref):
        return ref
    taken, *others = git.named(url, ref)
    if others:
        means.say(f"{ref} is both a branch and a tag: the branch is taken. {TAG}{ref} would be the tag.")
    return taken
