"""What every test may use."""

pytest_plugins = ["tests.completeness", "tests.cast", "tests.emptying"]
