"""`python -m benchmarks [--write] [--only builds,deploys,logs]`: needs an engine, as the full tests do."""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from benchmarks import builds, cli, deploys, logs
from benchmarks.measuring import Figure
from benchmarks.report import table, write
from tests.flows.house import ROOT, engine_address, running_house
from tests.flows.story import Json, get, make_project

PARTS = ("builds", "deploys", "logs")
RESULT = ROOT / "docs" / "performance.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.relative_to(ROOT)}")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    asked = parser.parse_args()
    parts = [part for part in asked.only.split(",") if part in PARTS]
    address = engine_address()
    with running_house(address) as house, house.api() as api, tempfile.TemporaryDirectory() as folder:
        facts = get(api, "hosts/")["results"][0]["engine"]
        figures: list[Figure] = []
        for figure in _measure(parts, api, cli.find(address), Path(folder)):
            figures.append(figure)
            if asked.write:  # at once: a run that is broken off keeps what it found
                write(RESULT, figures, engine=f"engine {facts['version']} with {facts['builder']}")
    print("\n".join(table(figures)))


def _measure(parts: Sequence[str], api: httpx.Client, plain: cli.Cli, folder: Path) -> Iterator[Figure]:
    place: Json = make_project(api, slug="speed")
    if "builds" in parts:
        yield from _told(builds.measure(api, place, cli=plain, folder=folder))
    if "deploys" in parts:
        yield from _told(iter([deploys.measure(api, place, cli=plain)]))
    if "logs" in parts:
        yield from _told(logs.measure(api, place))


def _told(figures: Iterator[Figure]) -> Iterator[Figure]:
    for figure in figures:
        print(f"{figure.goal.what}: {figure.value:.2f} {figure.goal.unit} ({figure.detail})", flush=True)
        yield figure


if __name__ == "__main__":
    main()
