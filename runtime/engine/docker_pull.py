"""Fetching a public image through the Docker Engine."""

import json
import time
from collections.abc import Callable
from contextlib import suppress

from runtime.engine.docker_client import Connection, engine_error
from runtime.engine.docker_pump import Pump

PULL_TIMEOUT = 60.0


def pull(connection: Connection, reference: str, *, cancelled: Callable[[], bool]) -> None:
    """Returns when the engine holds `reference`; raises NotFound when no registry gives it."""
    repository, _, tag = reference.rpartition(":")
    parameters = {"fromImage": repository, "tag": tag}
    pump = Pump(lambda: connection.stream("POST", "/images/create", params=parameters, header_timeout=PULL_TIMEOUT))
    try:
        for line in pump.lines(deadline=time.monotonic() + PULL_TIMEOUT, cancelled=cancelled):
            message = {}
            with suppress(ValueError):
                message = json.loads(line)
            if "error" in message:
                raise engine_error(str(message["error"]), status=404)
    finally:
        pump.close()
