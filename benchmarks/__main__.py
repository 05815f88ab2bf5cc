"""`python -m benchmarks [--write] [--only builds,deploys,logs,edge]`: needs an engine, as the full tests do."""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from benchmarks import builds, cli, deploys, edge, logs
from benchmarks.measuring import Figure
from benchmarks.report import table, write
from tests.flows.house import ROOT, engine_address, free_port, running_house
from tests.flows.story import Json, get, make_project
from tests.flows.waiting import wait_for

PARTS = ("builds", "deploys", "logs", "edge")
EDGE_SECONDS = 30
RESULT = ROOT / "docs" / "performance.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.relative_to(ROOT)}")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    asked = parser.parse_args()
    parts = [part for part in asked.only.split(",") if part in PARTS]
    address = engine_address()
    doors = (free_port(), free_port())
    told = {"SLIPWAY_EDGE": f"{doors[0]},{doors[1]}"}
    with running_house(address, extra=told) as house, house.api() as api, tempfile.TemporaryDirectory() as folder:
        facts = get(api, "hosts/")["results"][0]["engine"]
        house.start("edge")
        wait_for("the edge", lambda: _has_edge(api), seconds=EDGE_SECONDS)
        figures: list[Figure] = []
        for figure in _measure(parts, api, cli.find(address), Path(folder), doors[0]):
            figures.append(figure)
            if asked.write:  # at once: a run that is broken off keeps what it found
                write(RESULT, figures, engine=f"engine {facts['version']} with {facts['builder']}")
    print("\n".join(table(figures)))


def _has_edge(api: httpx.Client) -> bool:
    facts = get(api, "hosts/")["results"][0]["engine"]
    return bool(facts and facts.get("edge") and facts["edge"]["answers"])


def _measure(parts: Sequence[str], api: httpx.Client, plain: cli.Cli, folder: Path, door: int) -> Iterator[Figure]:
    place: Json = make_project(api, slug="speed")
    if "builds" in parts:
        yield from _told(builds.measure(api, place, cli=plain, folder=folder))
    if "deploys" in parts:
        yield from _told(iter([deploys.measure(api, place, cli=plain)]))
    if "logs" in parts:
        yield from _told(logs.measure(api, place))
    if "edge" in parts:
        yield from _told(edge.measure(api, place, cli=plain, door=door))


def _told(figures: Iterator[Figure]) -> Iterator[Figure]:
    for figure in figures:
        print(f"{figure.goal.what}: {figure.value:.2f} {figure.goal.unit} ({figure.detail})", flush=True)
        yield figure


if __name__ == "__main__":
    main()
