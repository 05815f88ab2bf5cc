"""What Slipway aims at. Ratios to the plain CLI of the same run are the measure; milliseconds belong to a machine."""

from typing import NamedTuple

TIMES_THE_CLI = "times"


class Goal(NamedTuple):
    """A figure and what it should be."""

    what: str
    unit: str
    goal: float
    moonshot: float | None = None


BUILD = Goal("a build, API to digest, against `docker build`", TIMES_THE_CLI, 1.05, 1.00)
CACHED = Goal("a build from the cache against the same", TIMES_THE_CLI, 1.3, 1.1)
LARGE = Goal("a build with a context of 200 MB against the same", TIMES_THE_CLI, 1.3, 1.1)
DEPLOY = Goal("a deployment, request to running, against `docker run -d`", TIMES_THE_CLI, 1.10, 1.00)
LATENCY_P50 = Goal("latency of a log line, stored and numbered, median", "ms", 4.0)
LATENCY_P95 = Goal("the same, 95 of 100", "ms", 10.0)
LATENCY_P99 = Goal("the same, 99 of 100", "ms", 25.0)
EDGE_P50 = Goal("a request by way of the edge beyond one straight to the container, at 200 a second, median", "ms", 2.0)
EDGE_P95 = Goal("the same, 95 of 100", "ms", 5.0)
EDGE_LOST = Goal("requests lost while releases roll, at 200 a second", "requests", 0.0)
