"""What every test may use."""

import gc

pytest_plugins = ["tests.completeness", "tests.cast", "tests.emptying"]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through it for garbage again and again costs a tenth."""
    gc.collect()
    gc.freeze()
