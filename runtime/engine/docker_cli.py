"""The Docker command line as a builder: finding one that can, and running it as a child that
cannot stray.

Only argument lists, never a shell; a minimal environment; a process group of its own that is killed
on cancel, on the deadline and with the worker.
"""

import csv
import io
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runtime.child import CHILD_PATH
from runtime.engine.values import BuildRequest
from runtime.redaction import decode

PROBE_TIMEOUT = 10.0
BUILTIN_BUILDKIT = range(18, 23)  # from 23 on, the client builds with BuildKit only through buildx
RAW_JSON_SINCE = (0, 13)

Kind = Literal["buildx", "buildkit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cli:
    """A docker command that can build with BuildKit."""

    path: str
    kind: Kind
    progress: Literal["plain", "rawjson"] = "plain"

    def command(self, request: BuildRequest, *, id_file: Path) -> list[str]:
        """The argument list of a build that writes the image's ID to `id_file`."""
        head = [self.path, "build"]
        if self.kind == "buildx":
            head = [self.path, "buildx", "build", "--builder", "default", "--load"]
            head += ["--provenance=false"]
        options = [f"--progress={self.progress}", f"--iidfile={id_file}", f"--tag={request.tag}"]
        options += [f"--file={request.context / request.dockerfile}"]
        options += [f"--label={name}={value}" for name, value in sorted(request.labels.items())]
        options += [f"--build-arg={name}={value}" for name, value in sorted(request.args.items())]
        options += [f"--secret={_secret(id, path)}" for id, path in sorted(request.secrets.items())]
        options += [f"--target={request.target}"] if request.target else []
        options += ["--no-cache"] if request.no_cache else []
        return [*head, *options, "--", str(request.context)]


def candidates() -> list[str]:
    """Every `docker` on the PATH: the first one may be a bare client that cannot build."""
    found = [Path(folder) / "docker" for folder in [*os.get_exec_path(), "/usr/bin"]]
    paths = {os.path.realpath(path): str(path) for path in reversed(found) if path.is_file()}
    return list(reversed(paths.values()))


def find_cli(paths: Sequence[str], *, address: str) -> Cli | None:
    """The best of these commands: any with buildx first, then any with BuildKit built in."""
    for path in paths:
        version = _answer([path, "buildx", "version"], address=address)
        if version is not None:
            known = re.search(r"\bv?(\d+)\.(\d+)", version)
            raw = known is not None and (int(known[1]), int(known[2])) >= RAW_JSON_SINCE
            return Cli(path=path, kind="buildx", progress="rawjson" if raw else "plain")
    for path in paths:
        version = _answer([path, "--version"], address=address) or ""
        known = re.search(r"\b(\d+)\.(\d+)", version)
        if known is not None and int(known[1]) in BUILTIN_BUILDKIT:
            return Cli(path=path, kind="buildkit")
    return None


def child_environment(*, address: str, home: Path) -> dict[str, str]:
    """All that the child sees of the world: no credentials, no settings of whoever started us."""
    return {
        "PATH": CHILD_PATH,
        "HOME": str(home),
        "DOCKER_CONFIG": str(home),
        "DOCKER_HOST": address,
        "DOCKER_BUILDKIT": "1",
        "LANG": "C.UTF-8",
    }


def _secret(id: str, path: Path) -> str:
    """One line of comma-separated values, as the command reads it: only the file's name is seen among processes."""
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow([f"id={id}", f"src={path}"])
    return row.getvalue()


def _answer(command: Sequence[str], *, address: str) -> str | None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=child_environment(address=address, home=Path("/nonexistent")),
            timeout=PROBE_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return decode(done.stdout) if done.returncode == 0 else None
