"""Orders, and what hosts say of them."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from runtime.contract.container import ContainerSpec
from runtime.contract.orders import BuildImage, ConvergeService, ReplicaSpec
from runtime.contract.reports import Finish, Step
from runtime.contract.source import InlineSource

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
START_NS = 1_764_000_000_000_000_000


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def build_order() -> BuildImage:
    return BuildImage(
        build="b" * 26, number=1, tag="slipway/web/front:1", source=InlineSource(dockerfile="FROM scratch")
    )


def converge_order(*, replicas: int) -> ConvergeService:
    return ConvergeService(
        deployment=None,
        project="web",
        service="s" * 26,
        service_slug="front",
        environment="e" * 26,
        environment_slug="dev",
        release="r" * 26,
        generation=1,
        spec=ContainerSpec(image="sha256:" + "0" * 64),
        replicas=tuple(ReplicaSpec(replica="p" * 26, index=index, log="g" * 26) for index in range(replicas)),
    )


def finished(state: Literal["succeeded", "failed", "cancelled"] = "succeeded", *, last_line: int = 0) -> Finish:
    return Finish(state=state, last_line=last_line)


def step(
    number: int, state: Literal["running", "succeeded", "failed", "cancelled"] = "running", *, detail: str = ""
) -> Step:
    ended = None if state == "running" else START_NS + 2 * 10**9
    return Step(
        number=number, name=f"step {number}", state=state, started_ns=START_NS, finished_ns=ended, detail=detail
    )
