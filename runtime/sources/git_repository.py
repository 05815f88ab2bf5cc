"""One repository fetched by the git command: a commit of it becomes files, and nothing of it runs.

No hooks, filters, submodules or LFS; no redirects; no protocol but the one of its address; no configuration but ours.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from runtime.child import ChildTimeout, running
from runtime.contract.names import GIT_COMMIT, is_safe_git_ref
from runtime.sources.context import SourceError
from runtime.sources.means import GitLimits

MAX_OUTPUT_LINES = 200_000
MAX_EVIDENCE = 20
OLDEST_GIT = (2, 37)  # the first that takes the address to connect to

BRANCH, TAG = "refs/heads/", "refs/tags/"
NOTHING_RUNS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "credential.helper=",
    "fetch.unpackLimit=1",
    "filter.lfs.required=false",
    "filter.lfs.smudge=",
    "gc.auto=0",
    "http.followRedirects=false",
    "init.defaultBranch=none",
    "protocol.version=2",
    "submodule.recurse=false",
)
_VERSION = re.compile(r"git version (\d+)\.(\d+)")
_TREE_ENTRY = re.compile(r"(\d{6}) (\w+) ([0-9a-f]+) +(\d+|-)\t(.*)")


class Entry(NamedTuple):
    """One line of a commit's tree. `path` as git writes it: quoted where it holds anything odd."""

    mode: str
    object: str
    size: int
    path: str


class Way(Protocol):
    """How git gets at a repository: `settings` of git's own, `environment` of the command; `failure` reads what went
    wrong on the way, or None where it does not know.
    """

    @property
    def settings(self) -> list[str]: ...
    @property
    def environment(self) -> dict[str, str]: ...
    def failure(self, lines: list[str]) -> SourceError | None: ...


@dataclass(slots=True)
class Allowance:
    """What is left for all repositories of one source together; `deadline` by the monotonic clock."""

    deadline: float
    size: int
    entries: int

    @classmethod
    def of(cls, limits: GitLimits) -> "Allowance":
        return cls(time.monotonic() + limits.seconds, limits.tree_bytes, limits.tree_entries)

    def spend(self, tree: list[Entry]) -> None:
        """SourceError when it does not suffice."""
        self.size -= sum(entry.size for entry in tree)
        self.entries -= len(tree)
        if self.size < 0 or self.entries < 0:
            raise too_large()


class Fetched:
    """A repository being fetched below `directory`: `tree` for the files, `home` for git's own."""

    def __init__(
        self,
        directory: Path,
        *,
        way: Callable[[Path], Way],
        limits: GitLimits,
        allowance: Allowance,
        check_cancelled: Callable[[], None],
    ) -> None:
        self.tree = directory / "tree"
        self._home = directory / "home"
        self._limits = limits
        self._allowance = allowance
        self._check_cancelled = check_cancelled
        for folder in (self.tree, self._home):
            folder.mkdir(mode=0o700, parents=True)
        self._way = way(self._home)

    def check_version(self) -> None:
        """An older git would not heed the pinned address, and say nothing."""
        found = _VERSION.search(" ".join(self.run("version")))
        if found is None or (int(found[1]), int(found[2])) < OLDEST_GIT:
            oldest = ".".join(map(str, OLDEST_GIT))
            advice = f"Install git {oldest} or newer on the host."
            raise SourceError(f"this host's git is older than {oldest}", code="git_missing", advice=advice)

    def named(self, url: str, ref: str) -> list[str]:
        """The full names that a short one has there, a branch's before a tag's. SourceError when it has none."""
        wanted = [ref] if ref.startswith((BRANCH, TAG)) else [BRANCH + ref, TAG + ref]
        listed = {line.partition("\t")[2] for line in self.run("ls-remote", "--", url, *wanted)}
        found = [name for name in wanted if name in listed]
        if not found:
            raise SourceError(f"the repository has no branch or tag {ref}", code="ref_not_found")
        return found

    def head(self, url: str) -> str:
        """The branch that the remote's HEAD names, if it says so and the name is a plain one."""
        for line in self.run("ls-remote", "--symref", "--", url, "HEAD"):
            name = line.removeprefix("ref: ").partition("\t")[0]
            if name.startswith(BRANCH) and is_safe_git_ref(name.removeprefix(BRANCH)):
                return name
        return "HEAD"

    def fetch(self, url: str, name: str) -> str:
        """The full commit that `name` leads to, fetched: a full name, HEAD, or a full commit."""
        self.run("init", "--quiet", "--template=", str(self.tree))
        options = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules")
        if not GIT_COMMIT.fullmatch(name):
            self.run(*options, "--depth=1", "--", url, name)
            return self._commit("FETCH_HEAD")
        try:
            self.run(*options, "--depth=1", "--", url, name)
        except SourceError as error:
            if error.problem.code != "git_failed":
                raise
            # Some servers give single commits only by way of a branch.
            self.run(*options, "--", url, f"+{BRANCH}*:refs/remotes/origin/*")
        return self._commit(name)

    def entries(self, commit: str) -> list[Entry]:
        """The commit's whole tree. SourceError when it is larger than what is left."""
        found = list(_entries(self.run("ls-tree", "-r", "-l", "--full-tree", commit)))
        self._allowance.spend(found)
        return found

    def check_out(self, commit: str) -> None:
        """The commit's files, and nothing of git any more: its times would spoil the build's cache."""
        self.run("checkout", "--quiet", "--detach", "--no-recurse-submodules", commit, "--")
        shutil.rmtree(self.tree / ".git")
        shutil.rmtree(self._home)

    def run(self, *arguments: str) -> list[str]:
        """The command's output. SourceError with its last lines when it failed."""
        settings = [*NOTHING_RUNS, *self._way.settings]
        command = ["git", *(part for one in settings for part in ("-c", one)), *arguments]
        lines: list[str] = []
        try:
            with running(command, environment=self._way.environment, cwd=self.tree) as child:
                for line in child.lines(deadline=self._allowance.deadline, stopped=self._stopped):
                    lines.append(line)
                    if len(lines) > MAX_OUTPUT_LINES:
                        raise too_large()
                failed = child.exit_code != 0
        except ChildTimeout as late:
            raise SourceError("fetching the source took too long", code="source_timeout", retry_helps=True) from late
        except FileNotFoundError as error:
            raise SourceError("this host has no git", code="git_missing", advice="Install git on the host.") from error
        if failed:
            raise self._way.failure(lines) or _failure(arguments[0], lines)
        self._stopped()
        return lines

    def _commit(self, name: str) -> str:
        lines = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        commit = lines[-1] if lines else ""
        if not GIT_COMMIT.fullmatch(commit):
            raise SourceError(f"the repository has no commit {name}", code="ref_not_found")
        return commit

    def _stopped(self) -> bool:
        self._check_cancelled()
        packs = (self.tree / ".git" / "objects" / "pack").glob("*")
        if sum(_size(path) for path in packs) > self._limits.fetched_bytes:
            raise too_large()
        return False


def too_large() -> SourceError:
    """There is more of it than a build may fetch."""
    return SourceError("the repository is too large", code="source_too_large")


def _failure(verb: str, lines: list[str]) -> SourceError:
    evidence = lines[-MAX_EVIDENCE:]
    helps = verb in ("fetch", "ls-remote")
    return SourceError(f"git {verb} failed", code="git_failed", retry_helps=helps, evidence=evidence)


def _entries(lines: list[str]) -> Iterator[Entry]:
    for line in lines:
        found = _TREE_ENTRY.fullmatch(line)
        if found is None:
            raise SourceError("the repository holds a file whose name cannot be read")
        yield Entry(mode=found[1], object=found[3], size=0 if found[4] == "-" else int(found[4]), path=found[5])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
