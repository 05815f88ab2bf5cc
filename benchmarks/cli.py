"""The plain CLI of the engine that Slipway uses in the same run."""

import os
import subprocess
from dataclasses import dataclass

from runtime.engine import docker_cli


@dataclass(frozen=True)
class Cli:
    """The `docker` that can build as Slipway does, at this engine."""

    engine: str
    path: str
    buildkit: bool

    def __call__(self, *words: str) -> str:
        """The command's output. Raises RuntimeError with what it said."""
        environment = {**os.environ, "DOCKER_HOST": self.engine, "DOCKER_BUILDKIT": "1" if self.buildkit else "0"}
        done = subprocess.run([self.path, *words], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"docker {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()


def find(engine: str) -> Cli:
    """The one that Slipway's worker would take; without one that builds with BuildKit, whichever is there."""
    paths = docker_cli.candidates()
    found = docker_cli.find_cli(paths, address=engine)
    return Cli(engine, found.path if found is not None else paths[0], found is not None)
