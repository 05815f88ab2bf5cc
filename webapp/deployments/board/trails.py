"""How the last deployments of a service in an environment went: a bar each, as high as it took long."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from webapp.deployments.board.acts import Place
from webapp.deployments.models import Deployment
from webapp.teams.models import Project

LAST = 10
NEVER_BEGUN = ("awaiting_approval", "cancelled")  # what was only asked for went no way
HEIGHT, LEAST, STEP = 16, 3, 6  # px: of the picture, of its lowest bar, from bar to bar


@dataclass(frozen=True)
class Bar:
    """One deployment. `x`, `y` and `height` in px, from the top left."""

    state: str
    kind: str
    build: int
    seconds: float | None  # None: it has not ended, or never began
    at: datetime
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Trail:
    """The last deployments, oldest first."""

    bars: tuple[Bar, ...]

    @property
    def width(self) -> int:
        return STEP * len(self.bars)

    @property
    def sentence(self) -> str:
        """For who does not see it."""
        went = ", ".join(bar.state.replace("_", " ") for bar in self.bars)
        return f"The last {len(self.bars)} deployments, oldest first: {went}"


def trails_of(project: Project) -> Mapping[Place, Trail]:
    """By place, where there were at least two. One query."""
    newest = Window(
        RowNumber(), partition_by=[F("service"), F("environment")], order_by=[F("created_at").desc(), F("id").desc()]
    )
    begun = Deployment.objects.filter(service__project=project).exclude(started_at=None, state__in=NEVER_BEGUN)
    rows = begun.annotate(place=newest).filter(place__lte=LAST)
    found: dict[Place, list[Deployment]] = {}
    for row in (
        rows.select_related("release__build").defer("plan", "release__build__layers").order_by("created_at", "id")
    ):
        found.setdefault((row.service_id, row.environment_id), []).append(row)
    return {place: trail(rows) for place, rows in found.items() if len(rows) > 1}


def trail(rows: Iterable[Deployment]) -> Trail:
    """The picture. Pure."""
    told = [(row, _seconds(row)) for row in rows]
    longest = max((seconds for _, seconds in told if seconds is not None), default=0.0) or 1.0
    return Trail(tuple(_bar(at, row, seconds, longest) for at, (row, seconds) in enumerate(told)))


def _bar(at: int, row: Deployment, seconds: float | None, longest: float) -> Bar:
    height = LEAST if seconds is None else max(LEAST, round(HEIGHT * seconds / longest))
    return Bar(
        state=row.state,
        kind=row.kind,
        build=row.release.build.number,
        seconds=seconds,
        at=row.created_at,
        x=STEP * at,
        y=HEIGHT - height,
        height=height,
    )


def _seconds(row: Deployment) -> float | None:
    if row.started_at is None or row.finished_at is None:
        return None
    return max((row.finished_at - row.started_at).total_seconds(), 0.0)
