"""Each contract test runs on the fake edge, and on Caddy in the full run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.bench import EdgeBench, fake_bench, real_bench


@pytest.fixture(params=["fake", pytest.param("caddy", marks=pytest.mark.thorough)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EdgeBench]:
    """Any edge."""
    with fake_bench() if request.param == "fake" else real_bench(tmp_path) as made:
        yield made


@pytest.fixture
def caddy(tmp_path: Path) -> Iterator[EdgeBench]:
    """The real one only; tests that use it are marked `thorough`."""
    with real_bench(tmp_path) as made:
        yield made
