"""Repositories on this disk, made by the real git, and what a fetch of them is given."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runtime.redaction import Secret
from runtime.sources.means import GitLimits, Means

LOCAL = GitLimits(protocols=("file",))
ENVIRONMENT = {
    "PATH": os.defpath,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


@dataclass
class Repository:
    """A repository on this disk, made by the real git."""

    path: Path

    @classmethod
    def made(cls, path: Path, **files: str) -> "Repository":
        path.mkdir(parents=True)
        made = cls(path)
        made.git("init", "--quiet", "--initial-branch=trunk")
        made.git("config", "uploadpack.allowAnySHA1InWant", "true")
        made.commit(**files)
        return made

    def git(self, *arguments: str, given: str | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            env=ENVIRONMENT,
            check=True,
            capture_output=True,
            text=True,
            input=given,
        )
        return done.stdout.strip()

    def commit(self, message: str = "more", **files: str) -> str:
        for name, text in files.items():
            (self.path / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def link(self, path: str, commit: str, url: str) -> str:
        """A submodule at `path`, as `git submodule add` would leave it, whatever the address is."""
        with (self.path / ".gitmodules").open("a") as file:
            file.write(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
        self.git("add", ".gitmodules")
        self.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        self.git("commit", "--quiet", "-m", "a submodule")
        return self.git("rev-parse", "HEAD")

    @property
    def url(self) -> str:
        return f"file://{self.path}"


@dataclass
class Told:
    """What a fetch said and found out."""

    lines: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    def means(
        self,
        limits: GitLimits = LOCAL,
        *,
        check_cancelled: Callable[[], None] = lambda: None,
        secrets: dict[str, Secret] | None = None,
    ) -> Means:
        return Means(
            secrets=secrets or {},
            say=self.lines.append,
            fact=self.facts.__setitem__,
            check_cancelled=check_cancelled,
            git=limits,
        )
