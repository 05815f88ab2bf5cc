"""Which secrets the containers of a service were given.

The worker gets them with an order; the agent reads the containers' logs and gets no order. So the worker leaves them
here, readable by the owner alone, before it makes a container, and the agent masks them. (Root on this host can read
them in the engine as well, where they are the container's environment.)
"""

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from runtime.contract.names import ID
from runtime.redaction import Redactor, Secret

MAX_VALUES = 500  # of one service: a container may still run with a secret's earlier value

logger = logging.getLogger(__name__)


class Masks:
    """One file per service and environment. Names that are no ids have no file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, *, service: str, environment: str, secrets: Iterable[Secret]) -> None:
        """Remember these values besides those that are known."""
        path = self._path(service, environment)
        known = self._read(path)
        values = list(dict.fromkeys([*(secret.reveal() for secret in secrets), *known]))[:MAX_VALUES]
        if path is None or values == known:
            return
        self._directory.mkdir(mode=0o700, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        with suppress(FileNotFoundError):
            fresh.unlink()
        with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(msgspec.json.encode(values))
        fresh.replace(path)

    def forget(self, *, service: str, environment: str) -> None:
        """No container of it is left."""
        path = self._path(service, environment)
        if path is not None:
            path.unlink(missing_ok=True)

    def redactor(self, *, service: str, environment: str) -> Redactor:
        """Masks what is known now."""
        return Redactor(Secret(value) for value in self._read(self._path(service, environment)))

    def _path(self, service: str, environment: str) -> Path | None:
        if not ID.fullmatch(service) or not ID.fullmatch(environment):
            return None
        return self._directory / f"{service}-{environment}.json"

    def _read(self, path: Path | None) -> list[str]:
        try:
            return msgspec.json.decode(path.read_bytes(), type=list[str]) if path is not None else []
        except FileNotFoundError:
            return []
        except msgspec.DecodeError:
            logger.warning("%s is broken: the logs of its containers are not masked until the next deployment", path)
            return []
