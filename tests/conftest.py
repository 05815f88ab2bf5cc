"""What every test may use."""

import gc

pytest_plugins = ["tests.completeness", "tests.cast", "tests.emptying"]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: to look through it for garbage costs a tenth of the time."""
    gc.collect()
    gc.freeze()
