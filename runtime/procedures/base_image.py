"""The well-known base image, made when a Dockerfile asks for it and the engine lacks it.

So the first build works on a host that reaches no registry.
"""

import shutil
import tempfile
from pathlib import Path

from runtime.contract.names import BASE_IMAGE
from runtime.contract.reports import Problem
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError, EngineUnavailable, NotFound, WorkCancelled
from runtime.engine.values import BuildLine, BuildRequest, Pulled
from runtime.procedures.ports import ProcedureError, Reporter

UPSTREAM = "busybox:1"
BUSYBOX = ("/bin/busybox", "/usr/bin/busybox")
BUILD_SECONDS = 120.0
PULL_SECONDS = 60.0  # then it is made of what is here
DOCKERFILE = """FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /tmp /root && chmod 1777 /tmp
CMD ["sh"]
"""


def ensure_base_image(*, engine: Engine, reporter: Reporter, workdir: Path) -> None:
    """`BASE_IMAGE` is there afterwards. ProcedureError when there is no way to make it."""
    try:
        engine.image(BASE_IMAGE)
    except NotFound:
        with reporter.step(f"Make the base image {BASE_IMAGE}"):
            _make(engine, reporter, workdir)


def _make(engine: Engine, reporter: Reporter, workdir: Path) -> None:
    try:
        _pull(engine, reporter)
    except (EngineUnavailable, WorkCancelled):
        raise
    except EngineError as error:
        reporter.line("s", f"No registry gives {UPSTREAM}: {error.message}")
        _make_from_host(engine, reporter, workdir)


def _pull(engine: Engine, reporter: Reporter) -> None:
    events = engine.pull(UPSTREAM, credential=None, cancelled=reporter.cancelled, timeout=PULL_SECONDS)
    for event in events:
        if isinstance(event, Pulled):
            engine.tag(event.image.image_id, BASE_IMAGE)
        else:
            reporter.line("s", event.text)


def _make_from_host(engine: Engine, reporter: Reporter, workdir: Path) -> None:
    busybox = next((path for path in map(Path, BUSYBOX) if path.is_file()), None)
    if busybox is None:
        raise _impossible(f"there is no {BUSYBOX[0]}", [])
    reporter.line("s", f"Making {BASE_IMAGE} from this host's {busybox}")
    with tempfile.TemporaryDirectory(prefix="base-", dir=workdir) as name:
        context = Path(name)
        shutil.copyfile(busybox, context / "busybox")
        (context / "busybox").chmod(0o755)
        (context / "Dockerfile").write_text(DOCKERFILE)
        request = BuildRequest(
            context=context,
            dockerfile="Dockerfile",
            tag=BASE_IMAGE,
            labels={},
            timeout=BUILD_SECONDS,
        )
        try:
            for event in engine.build(request, cancelled=reporter.cancelled):
                if isinstance(event, BuildLine):
                    reporter.line(event.stream, event.text)
        except (EngineUnavailable, WorkCancelled):
            raise
        except EngineError as error:
            raise _impossible(error.message, error.evidence) from error


def _impossible(why: str, evidence: list[str]) -> ProcedureError:
    return ProcedureError(
        Problem(
            code="base_image_missing",
            whose="host",
            message=f"The base image {BASE_IMAGE} cannot be made here: {why}",
            advice="Install the package busybox-static on this host, or let it reach a registry.",
            evidence=evidence,
        )
    )
