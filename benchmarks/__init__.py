"""How fast Slipway is against the plain CLI of the same engine, in one run: `python -m benchmarks`."""
