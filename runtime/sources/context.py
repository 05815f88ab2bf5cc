"""A build context: a private directory with a Dockerfile that was looked at, and nothing outside it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from runtime.contract.paths import complaint, shown
from runtime.contract.reports import Problem
from runtime.dockerfile import MAX_DOCKERFILE_BYTES, DockerfileRefused, check_dockerfile
from runtime.redaction import decode


class SourceError(Exception):
    """No context came of it. `problem` says whose fault that is."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "source_refused",
        whose: Literal["user", "host", "us"] = "user",
        retry_helps: bool = False,
        advice: str = "",
        evidence: list[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.problem = Problem(
            code=code,
            whose=whose,
            message=message,
            advice=advice,
            retry_helps=retry_helps,
            evidence=evidence or [],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A directory to build from. `dockerfile` is a path within it, without a link on the way."""

    directory: Path
    dockerfile: str
    dockerfile_text: str
    commit: str | None = None
    ref: str | None = None  # the branch or tag it was fetched by, as refs/heads/… or refs/tags/…


def open_context(directory: Path, *, dockerfile: str, root: Path | None = None, commit: str | None = None) -> Context:
    """The context at `directory`, its Dockerfile found and checked; all of it within `root`.
    SourceError.
    """
    root = (root or directory).resolve()
    here = directory.resolve()
    if not here.is_relative_to(root) or not here.is_dir():
        raise SourceError("the build's directory is not a directory of the source")
    path = (here / str(guarded_path(dockerfile))).resolve()
    if not path.is_relative_to(here):
        raise SourceError("the Dockerfile lies outside the build's directory")
    for ignore in (here / ".dockerignore", path.with_name(path.name + ".dockerignore")):
        if ignore.is_symlink():
            raise SourceError(f"{ignore.name} must not be a link")
    text = _read_dockerfile(path)
    try:
        check_dockerfile(text)
    except DockerfileRefused as error:
        raise SourceError(str(error)) from error
    relative = str(path.relative_to(here))
    return Context(directory=here, dockerfile=relative, dockerfile_text=text, commit=commit)


def guarded_path(name: str) -> PurePosixPath:
    """`name` as a plain relative path. SourceError for anything that could lead elsewhere."""
    said = complaint(name)
    if said:
        raise SourceError(f"The name {shown(name)} {said}.")
    return PurePosixPath(name)


def _read_dockerfile(path: Path) -> str:
    """Its text, if it is a regular file of reasonable size: a pipe would block, a device never
    end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(f"there is no {path.name} in the source") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceError(f"{path.name} is not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return decode(file.read(MAX_DOCKERFILE_BYTES + 1))
    finally:
        os.close(descriptor)
