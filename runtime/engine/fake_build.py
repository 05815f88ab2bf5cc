"""Builds of the fake engine: reads the Dockerfile, runs its RUN lines in the small shell,
remembers steps.
"""

import hashlib
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from runtime.contract.reports import Layer
from runtime.engine.errors import BuildFailed, BuildTimeout, NoSecretMounts, WorkCancelled
from runtime.engine.fake_shell import run
from runtime.engine.values import (
    BuildEvent,
    BuildLine,
    BuildRequest,
    Built,
    RegistryLogin,
    StepFinished,
    StepStarted,
)

POLL_SECONDS = 0.02


@dataclass(slots=True)
class FakeBuilder:
    """`keep` is called with the finished image; `fails_at` makes that step (from 1) fail whatever
    it is.
    """

    has_image: Callable[[str], bool]
    fetch: Callable[[str, Mapping[str, RegistryLogin]], bool]
    keep: Callable[[BuildRequest, str, list[Layer]], None]
    name: Literal["buildx", "classic"] = "classic"
    fails_at: int | None = None
    known: set[str] = field(default_factory=set)

    def build(self, request: BuildRequest, *, cancelled: Callable[[], bool]) -> Iterator[BuildEvent]:
        """See `Engine.build`."""
        if request.secrets and self.name == "classic":
            raise NoSecretMounts("this builder cannot mount secrets")
        deadline = time.monotonic() + request.timeout
        text = (request.context / request.dockerfile).read_text()
        instructions = [line.strip() for line in text.splitlines() if line.strip()]
        instructions = [line for line in instructions if not line.startswith("#")]
        state, layers = "", []
        for number, instruction in enumerate(instructions, start=1):
            key = str(number)
            name = f"[{number}/{len(instructions)}] {instruction}"
            yield StepStarted(key=key, name=name)
            state = hashlib.sha256(f"{state}\n{instruction}".encode()).hexdigest()
            if state in self.known and not request.no_cache:
                yield StepFinished(key=key, cached=True)
            else:
                yield from self._step(request, instruction, key, name, number, deadline, cancelled)
                self.known.add(state)
                yield StepFinished(key=key)
            layers.append(Layer(instruction=instruction, size=len(instruction)))
        identity = f"{state} {sorted(request.labels.items())}"
        image_id = "sha256:" + hashlib.sha256(identity.encode()).hexdigest()
        self.keep(request, image_id, layers)
        yield Built(image_id=image_id)

    def _has_base(self, name: str, request: BuildRequest) -> bool:
        return self.has_image(name) or self.fetch(name, request.logins)

    def _step(
        self,
        request: BuildRequest,
        instruction: str,
        key: str,
        name: str,
        number: int,
        deadline: float,
        cancelled: Callable[[], bool],
    ) -> Iterator[BuildEvent]:
        _stop_if(deadline, cancelled)
        word, _, rest = instruction.partition(" ")
        error, printed = "", []
        if word.upper() == "FROM" and rest != "scratch" and not self._has_base(rest.split()[0], request):
            error = f"pull access denied for {rest}"
        elif word.upper() == "RUN":
            outcome = run(["sh", "-c", _mounting(rest, request)])
            for stream, line in outcome.lines:
                printed.append(line)
                yield BuildLine(stream=stream, text=line, key=key)
            while outcome.exit_code is None:
                _stop_if(deadline, cancelled)
                time.sleep(POLL_SECONDS)
            error = f"exit code: {outcome.exit_code}" if outcome.exit_code else ""
        if number == self.fails_at:
            error = "it was told to fail"
        if error:
            yield StepFinished(key=key, error=error)
            raise BuildFailed(error, step=name, evidence=printed)


def _mounting(command: str, request: BuildRequest) -> str:
    """The command without its mounts; what it reads of a mounted secret is said, for here are no files."""
    for id, path in request.secrets.items():
        command = command.replace(f"cat /run/secrets/{id}", f"echo {shlex.quote(path.read_text())}")
    return re.sub(r"--mount=\S+\s+", "", command)


def _stop_if(deadline: float, cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise WorkCancelled("the build was cancelled")
    if time.monotonic() > deadline:
        raise BuildTimeout("the build took longer than it may")
