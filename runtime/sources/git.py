"""Git sources: a repository fetched by the git command into a build context, one commit of it.

Nothing of the repository runs here: no hooks, filters, submodules or LFS; no redirects; no
protocol but the allowed ones; no configuration but ours. A credential reaches git by its
environment, never by its arguments, and goes to the one host that the URL names.
"""

import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from runtime.child import CHILD_PATH, ChildTimeout, running
from runtime.contract.names import GIT_COMMIT, is_safe_git_ref
from runtime.contract.orders import GitSource
from runtime.redaction import Secret
from runtime.sources.context import Context, SourceError, guarded_path, open_context
from runtime.sources.means import Means
from runtime.sources.reach import pinned_addresses

MAX_OUTPUT_LINES = 200_000
MAX_EVIDENCE = 20
OLDEST_GIT = (2, 37)  # the first that takes the address to connect to
HTTPS_PORT = 443

_NOTHING_RUNS = (
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
_TREE_ENTRY = re.compile(r"(\d{6}) (\w+) [0-9a-f]+ +(\d+|-)\t.*")
_ASKPASS = """#!/bin/sh
case "$1" in
Username*) printf '%s\\n' "$SLIPWAY_GIT_USER" ;;
*) printf '%s\\n' "$SLIPWAY_GIT_PASSWORD" ;;
esac
"""


def fetch_git(source: GitSource, *, directory: Path, means: Means) -> Context:
    """Fetches into the empty `directory`; the context of one full commit. SourceError, and what
    `means.check_cancelled` raises.
    """
    limits = means.git
    means.say(f"Fetching {source.url}")
    _check_url(source.url, limits.protocols)
    if source.ref is not None and not is_safe_git_ref(source.ref):
        raise SourceError("that is not the name of a branch, a tag or a commit")
    credential = means.secret(source.credential) if source.credential is not None else None
    pin = _pin(source.url, limits.private)
    git = _Git(directory, credential=credential, means=means, pin=pin)
    commit = git.fetch(source.url, source.ref)
    means.fact("commit", commit)
    means.say(f"Building commit {commit}")
    git.check_out(commit)
    part = git.tree if source.directory == "." else git.tree / str(guarded_path(source.directory))
    context = open_context(part, dockerfile=source.dockerfile, root=git.tree, commit=commit)
    return replace(context, ref=git.named)


class _Git:
    """One repository being fetched below `directory`: `tree` for the files, `home` for git's own."""

    def __init__(self, directory: Path, *, credential: Secret | None, means: Means, pin: str | None) -> None:
        limits = means.git
        self._settings = [*_NOTHING_RUNS, *([f"http.curloptResolve={pin}"] if pin else [])]
        self.named: str | None = None  # the branch or tag it came by, by its full name
        self.tree = directory / "tree"
        self._home = directory / "home"
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._check_cancelled = means.check_cancelled
        for folder in (self.tree, self._home):
            folder.mkdir(mode=0o700)
        askpass = self._home / "askpass"
        askpass.write_text(_ASKPASS)
        askpass.chmod(0o700)
        self._environment = _environment(self._home, askpass, credential, limits.protocols)
        if pin:
            self._check_version()

    def _check_version(self) -> None:
        """An older git would not heed the pinned address, and say nothing."""
        found = _VERSION.search(" ".join(self._run("version")))
        if found is None or (int(found[1]), int(found[2])) < OLDEST_GIT:
            oldest = ".".join(map(str, OLDEST_GIT))
            advice = f"Install git {oldest} or newer on the host."
            raise SourceError(f"this host's git is older than {oldest}", code="git_missing", advice=advice)

    def fetch(self, url: str, ref: str | None) -> str:
        """The full commit that `ref` names, fetched."""
        self._run("init", "--quiet", "--template=", str(self.tree))
        options = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules")
        if ref is not None and GIT_COMMIT.fullmatch(ref):
            try:
                self._run(*options, "--depth=1", "--", url, ref)
            except SourceError:
                # Some servers give single commits only by way of a branch.
                self._run(*options, "--", url, "+refs/heads/*:refs/remotes/origin/*")
            return self._commit(ref)
        name = self._full_name(url, ref)
        self.named = name if name.startswith("refs/") else None
        self._run(*options, "--depth=1", "--", url, name)
        return self._commit("FETCH_HEAD")

    def check_out(self, commit: str) -> None:
        """The commit's files, and nothing of git any more: its times would spoil the build's
        cache.
        """
        self._check_tree(self._run("ls-tree", "-r", "-l", "--full-tree", commit))
        self._run("checkout", "--quiet", "--detach", "--no-recurse-submodules", commit, "--")
        shutil.rmtree(self.tree / ".git")
        shutil.rmtree(self._home)

    def _full_name(self, url: str, ref: str | None) -> str:
        if ref is None:
            return self._head(url)
        wanted = (f"refs/heads/{ref}", f"refs/tags/{ref}")
        listed = {line.partition("\t")[2] for line in self._run("ls-remote", "--", url, *wanted)}
        for name in wanted:
            if name in listed:
                return name
        raise SourceError(f"the repository has no branch or tag {ref}", code="ref_not_found")

    def _head(self, url: str) -> str:
        """The branch that the remote's HEAD names, if it says so and the name is a plain one."""
        for line in self._run("ls-remote", "--symref", "--", url, "HEAD"):
            name = line.removeprefix("ref: ").partition("\t")[0]
            if name.startswith("refs/heads/") and is_safe_git_ref(name.removeprefix("refs/heads/")):
                return name
        return "HEAD"

    def _commit(self, name: str) -> str:
        lines = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        commit = lines[-1] if lines else ""
        if not GIT_COMMIT.fullmatch(commit):
            raise SourceError(f"the repository has no commit {name}", code="ref_not_found")
        return commit

    def _check_tree(self, lines: Sequence[str]) -> None:
        entries = [entry for entry in map(_TREE_ENTRY.fullmatch, lines) if entry]
        size = sum(int(entry[3]) for entry in entries if entry[3] != "-")
        if len(lines) > self._limits.tree_entries or size > self._limits.tree_bytes:
            raise SourceError("the repository is too large", code="source_too_large")

    def _run(self, *arguments: str) -> list[str]:
        """The command's output. SourceError with its last lines when it failed."""
        command = ["git", *(part for one in self._settings for part in ("-c", one)), *arguments]
        lines: list[str] = []
        try:
            with running(command, environment=self._environment, cwd=self.tree) as child:
                for line in child.lines(deadline=self._deadline, stopped=self._stopped):
                    lines.append(line)
                    if len(lines) > MAX_OUTPUT_LINES:
                        raise SourceError("the repository is too large", code="source_too_large")
                failed = child.exit_code != 0
        except ChildTimeout as late:
            raise SourceError("fetching the source took too long", code="source_timeout", retry_helps=True) from late
        except FileNotFoundError as error:
            raise SourceError("this host has no git", code="git_missing", advice="Install git on the host.") from error
        if failed:
            raise _git_failure(arguments[0], lines)
        self._stopped()
        return lines

    def _stopped(self) -> bool:
        self._check_cancelled()
        packs = (self.tree / ".git" / "objects" / "pack").glob("*")
        if sum(_size(path) for path in packs) > self._limits.fetched_bytes:
            raise SourceError("the repository is too large", code="source_too_large")
        return False


def _environment(home: Path, askpass: Path, credential: Secret | None, protocols: Sequence[str]) -> dict[str, str]:
    user, _, password = credential.reveal().partition(":") if credential else ("", "", "")
    return {
        "PATH": CHILD_PATH,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols),
        "GIT_ASKPASS": str(askpass),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "SLIPWAY_GIT_USER": user,
        "SLIPWAY_GIT_PASSWORD": password,
    }


def _check_url(url: str, protocols: Sequence[str]) -> None:
    try:
        parts = urlsplit(url)
        named = parts.hostname or parts.scheme == "file"
        plain = parts.username is None and parts.password is None and parts.port != 0
    except ValueError as error:
        raise SourceError("that is not the address of a repository") from error
    printable = url.isprintable() and " " not in url and "\\" not in url
    if parts.scheme not in protocols or not named or not plain or not printable:
        raise SourceError(f"a repository's address begins with {' or '.join(protocols)} and holds no credential")


def _pin(url: str, private: Sequence[str]) -> str | None:
    """The host, port and addresses to connect to, as git hands them to its HTTP library. SourceError."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname is None:
        return None
    port = parts.port or HTTPS_PORT
    addresses = pinned_addresses(parts.hostname, port, private=private)
    if not addresses or ":" in parts.hostname:
        return None
    return f"{parts.hostname}:{port}:{','.join(f'[{one}]' if ':' in one else one for one in addresses)}"


def _git_failure(verb: str, lines: Sequence[str]) -> SourceError:
    said = " ".join(lines[-MAX_EVIDENCE:]).lower()
    if "authentication failed" in said or "could not read username" in said:
        return SourceError(
            "the repository wants a credential, or refused the one it was given",
            code="git_credential",
            evidence=list(lines[-MAX_EVIDENCE:]),
        )
    return SourceError(
        f"git {verb} failed",
        code="git_failed",
        retry_helps=verb in ("fetch", "ls-remote"),
        evidence=list(lines[-MAX_EVIDENCE:]),
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
