"""Builds on a Docker Engine: BuildKit through a command line that can, else the classic builder's
API.
"""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

from docker.utils.build import tar as context_archive

from runtime.child import ChildStopped, ChildTimeout, running
from runtime.contract.names import DIGEST
from runtime.engine.docker_cli import Cli, child_environment, find_cli
from runtime.engine.docker_client import ByteStream, Connection, engine_error
from runtime.engine.docker_logins import logins_header, write_logins
from runtime.engine.docker_pump import Pump
from runtime.engine.docker_registry import does_not_answer
from runtime.engine.errors import (
    BaseUnreachable,
    BuildFailed,
    BuildTimeout,
    DiskFull,
    EngineError,
    EngineUnavailable,
    NoSecretMounts,
    WorkCancelled,
    WorkTimeout,
)
from runtime.engine.progress import ClassicProgress, PlainProgress, Progress, RawJsonProgress
from runtime.engine.values import BuildEvent, BuildRequest, Built
from runtime.redaction import decode

MAX_IGNORE_BYTES = 1024 * 1024

BuilderName = Literal["buildx", "buildkit", "classic"]

# How builders speak of fetching an image, and of nothing else that a step fetches.
_FETCHING = ("/v2/", "failed to resolve source metadata")
_UNREACHABLE = ("cannot connect to the docker daemon", "error reading from server", "code = unavailable")


class DockerBuilder:
    """The best builder this host has, looked for once. `clis` are the commands it may use."""

    def __init__(self, connection: Connection, *, clis: Sequence[str]) -> None:
        self._connection = connection
        self._clis = clis
        self._lock = threading.Lock()
        self._cli: Cli | None = None
        self._looked = False

    @property
    def name(self) -> BuilderName:
        """Which builder will be used."""
        cli = self._find()
        return cli.kind if cli else "classic"

    def build(self, request: BuildRequest, *, cancelled: Callable[[], bool]) -> Iterator[BuildEvent]:
        """See `Engine.build`."""
        deadline = time.monotonic() + request.timeout
        cli = self._find()
        if cli is not None:
            yield from self._build_by_cli(cli, request, deadline=deadline, cancelled=cancelled)
        else:
            yield from self._build_classic(request, deadline=deadline, cancelled=cancelled)

    def _find(self) -> Cli | None:
        with self._lock:
            if not self._looked:
                self._cli = find_cli(self._clis, address=self._connection.address)
                self._looked = True
            return self._cli

    def _build_by_cli(
        self, cli: Cli, request: BuildRequest, *, deadline: float, cancelled: Callable[[], bool]
    ) -> Iterator[BuildEvent]:
        progress: Progress = RawJsonProgress() if cli.progress == "rawjson" else PlainProgress()
        with tempfile.TemporaryDirectory(prefix="slipway-cli-", dir=request.private) as private:
            home, id_file = Path(private), Path(private) / "image-id"
            environment = child_environment(address=self._connection.address, home=home)
            command = cli.command(request, id_file=id_file)
            if request.logins:
                write_logins(home, request.logins)
            try:
                with running(command, environment=environment, cwd=home) as child:
                    for line in child.lines(deadline=deadline, stopped=cancelled):
                        yield from progress.feed(line)
                    if child.exit_code != 0:
                        raise failure_of(progress)
            except ChildStopped as stopped:
                raise WorkCancelled("the build was cancelled") from stopped
            except ChildTimeout as late:
                raise BuildTimeout("the build took longer than it may") from late
            image_id = id_file.read_text().strip()
        if not DIGEST.fullmatch(image_id):
            raise EngineError("the builder did not say which image it made", evidence=[image_id])
        yield Built(image_id=image_id)

    def _build_classic(
        self, request: BuildRequest, *, deadline: float, cancelled: Callable[[], bool]
    ) -> Iterator[BuildEvent]:
        if request.secrets:
            raise NoSecretMounts("this host's classic builder cannot mount secrets")
        progress = ClassicProgress()
        with tempfile.TemporaryFile(prefix="slipway-context-") as archive:
            _pack(request, archive)
            pump = Pump(lambda: self._send(request, archive))
            try:
                for line in pump.lines(deadline=deadline, cancelled=cancelled):
                    yield from progress.feed(line)
            except WorkTimeout as late:
                raise BuildTimeout("the build took longer than it may") from late
            finally:
                pump.close()
        if progress.error:
            raise failure_of(progress)
        yield from progress.end()
        if progress.image_id is None:
            raise EngineUnavailable("the build's output stopped before its end")
        yield Built(image_id=progress.image_id)

    def _send(self, request: BuildRequest, archive: IO[bytes]) -> ByteStream:
        # The engine answers when the first step begins, which may take as long as the build may.
        return self._connection.stream(
            "POST",
            "/build",
            params=_classic_parameters(request),
            body=archive,
            headers=logins_header(request.logins),
            header_timeout=None,
        )


def _classic_parameters(request: BuildRequest) -> dict[str, str]:
    parameters = {
        "dockerfile": request.dockerfile,
        "t": request.tag,
        "labels": json.dumps(dict(request.labels)),
        "buildargs": json.dumps(dict(request.args)),
        "nocache": "1" if request.no_cache else "0",
        "rm": "1",
        "forcerm": "1",
    }
    return parameters | ({"target": request.target} if request.target else {})


def _pack(request: BuildRequest, archive: IO[bytes]) -> None:
    """The context as the engine's API takes it, without what `.dockerignore` names."""
    ignore = request.context / ".dockerignore"
    patterns: list[str] = []
    if ignore.is_file() and not ignore.is_symlink():
        lines = decode(ignore.read_bytes()[:MAX_IGNORE_BYTES]).splitlines()
        patterns = [line.strip() for line in lines if line.strip() and line.strip()[0] != "#"]
    context_archive(
        request.context,
        exclude=patterns,
        dockerfile=(request.dockerfile, None),
        fileobj=archive,
    )
    archive.seek(0)


def failure_of(progress: Progress) -> EngineError:
    """The error of a build that said no, told apart from an engine that could not."""
    evidence = progress.evidence()
    message = progress.error or (evidence[-1] if evidence else "the builder said nothing")
    words = message.lower()
    if any(part in words for part in _UNREACHABLE):
        return EngineUnavailable(message, evidence=evidence)
    if isinstance(engine_error(message), DiskFull):
        return DiskFull(message, evidence=evidence)
    if any(part in words for part in _FETCHING) and does_not_answer(message):
        return BaseUnreachable(message, evidence=evidence)
    return BuildFailed(message, step=progress.failed_step, evidence=evidence)
