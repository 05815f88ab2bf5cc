"""What a build that succeeded shows beyond its own numbers: against the one before it, and in the row of all."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.images.insight.layers import Picture, picture
from webapp.images.insight.slower import Cause, Run, Timed, causes
from webapp.images.insight.trend import BUILDS, Sized, Trend, trend
from webapp.images.models import Build
from webapp.jobs.models import JobStep

NOTABLE = 1.0  # seconds; less is not spoken of


@dataclass(frozen=True, kw_only=True)
class Insight:
    """`later` are seconds more than `before` took, waiting included; negative where it was faster."""

    before: Build | None
    picture: Picture
    trend: Trend | None
    later: float | None
    causes: list[Cause]

    @property
    def slower(self) -> bool:
        return self.later is not None and self.later >= NOTABLE

    @property
    def faster_by(self) -> float | None:
        return -self.later if self.later is not None and self.later <= -NOTABLE else None


def insight(build: Build) -> Insight | None:
    """None of a build that made nothing. A constant number of queries."""
    if build.state != "succeeded":
        return None
    before = previous(build)
    now = run_of(build)
    then = run_of(before) if before is not None else None
    return Insight(
        before=before,
        picture=picture(build.layers, before=before.layers if before is not None else None),
        trend=_trend(build),
        later=now.whole - then.whole if now is not None and then is not None else None,
        causes=causes(now, then) if now is not None and then is not None else [],
    )


def previous(build: Build) -> Build | None:
    """The build of the same image that succeeded last before this one."""
    done = Build.objects.filter(image=build.image_id, state="succeeded", number__lt=build.number)
    return done.select_related("job").order_by("-number").first()


def run_of(build: Build) -> Run | None:
    """How it went; None where its times are not known."""
    if build.started_at is None or build.finished_at is None:
        return None
    steps = build.job.steps.filter(attempt=build.job.attempt).exclude(finished_at=None)
    return Run(
        steps=list(_timed(steps)),
        waited=max((build.started_at - build.created_at).total_seconds(), 0.0),
        took=max((build.finished_at - build.started_at).total_seconds(), 0.0),
    )


def _timed(steps: Iterable[JobStep]) -> Iterable[Timed]:
    for step in steps:
        if step.finished_at is not None:
            seconds = (step.finished_at - step.started_at).total_seconds()
            yield Timed(name=step.name, seconds=max(seconds, 0.0), cached=step.cached)


def _trend(build: Build) -> Trend | None:
    done = Build.objects.filter(image=build.image_id, state="succeeded", number__lte=build.number, size__gt=0)
    rows = done.order_by("-number").values_list("id", "number", "size", "started_at", "finished_at")[:BUILDS]
    sized = [
        Sized(id=id, number=number, size=size, seconds=(end - start).total_seconds() if start and end else None)
        for id, number, size, start, end in reversed(rows)
        if size is not None
    ]
    return trend(sized, here=build.id)
