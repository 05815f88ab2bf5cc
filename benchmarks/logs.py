"""How long after the engine noted a line it reaches who follows the log: stored and numbered on the way."""

import json
import time
from collections.abc import Iterator

import httpx

from benchmarks.goals import LATENCY_P50, LATENCY_P95, LATENCY_P99
from benchmarks.measuring import Figure, percentile
from tests.flows.story import Json, build, deploy, make_image, make_service, replicas

TICKER = """FROM slipway/busybox:1
CMD ["sh", "-c", "n=0; while true; do n=$((n+1)); echo tick $n; sleep 0.05; done"]
"""
LINES = 300
SKIPPED = 20  # of the beginning, while the reader catches up


def measure(api: httpx.Client, place: Json) -> Iterator[Figure]:
    """Half, 95 and 99 of 100 lines."""
    image = make_image(api, place["project"], slug="ticker", dockerfile=TICKER)
    made = build(api, image)
    service = make_service(api, place["project"], image, slug="ticker", replicas=1, stop_timeout=1)
    deploy(api, service, place["dev"], build=made["id"])
    (replica,) = replicas(api, service, place["dev"])
    late = _latencies(api, replica["log"])
    for goal, part in ((LATENCY_P50, 0.5), (LATENCY_P95, 0.95), (LATENCY_P99, 0.99)):
        yield Figure(
            goal, percentile(late, part), f"{len(late)} lines at 20 a second; the engine's time is in whole ms"
        )


def _latencies(api: httpx.Client, log: str) -> list[float]:
    """Milliseconds, line by line, as they arrive over HTTP."""
    late: list[float] = []
    parameters = {"after": "0", "follow": "1"}
    with api.stream(
        "GET", f"logs/{log}/lines/", params=parameters, headers={"Accept": "application/x-ndjson"}
    ) as answer:
        for text in answer.iter_lines():
            arrived = time.time() * 1000
            row = json.loads(text)
            if isinstance(row, list):
                late.append(arrived - row[1])
            if len(late) >= LINES + SKIPPED:
                break
    return late[SKIPPED:]
