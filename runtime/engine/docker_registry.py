"""Pulls and pushes through the Docker Engine: what it tells on the way, and what went wrong told apart."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from runtime.contract.names import DIGEST
from runtime.contract.references import Reference
from runtime.engine.docker_client import Connection, engine_error
from runtime.engine.docker_logins import login_header
from runtime.engine.docker_pump import Pump
from runtime.engine.errors import (
    DiskFull,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    NotFound,
    NotInRegistry,
    RegistryLimited,
    RegistryRefused,
    RegistryUnreachable,
    WorkCancelled,
    WorkTimeout,
)
from runtime.engine.values import Pushed, RegistryLogin, TransferLine

PROGRESS_SECONDS = 5.0
MAX_LAYERS = 500
MEGABYTE = 1024 * 1024

_TOLD_DIGEST = "Digest: "
_LIMITED = ("toomanyrequests", "too many requests", "rate limit")
_UNREACHABLE = (
    "connection refused",
    "connection reset",
    "context deadline exceeded",
    "client.timeout exceeded",
    "http response to https client",
    "i/o timeout",
    "network is unreachable",
    "no route to host",
    "no such host",
    "request canceled while waiting",
    "server misbehaving",
    "tls handshake",
    "unexpected http status",
    "x509:",
)
_ABSENT = ("manifest unknown", "name unknown", "name_unknown", "repository does not exist", "not known to registry")
_REFUSED = ("unauthorized", "authentication required", "basic auth", "incorrect username", "denied", "forbidden")


def pull(
    connection: Connection,
    reference: Reference,
    *,
    credential: RegistryLogin | None,
    cancelled: Callable[[], bool],
    timeout: float,
) -> Generator[TransferLine, None, str]:
    """Ends when the engine holds the image, and returns its manifest's digest. Raises as `Images.pull` says."""
    parameters = {"fromImage": reference.name, "tag": reference.digest or reference.tag or ""}
    headers = login_header(reference.registry, credential) if credential else {}
    pump = Pump(
        lambda: connection.stream("POST", "/images/create", params=parameters, headers=headers, header_timeout=timeout)
    )
    teller, digest = _Teller(), reference.digest or ""
    for record in _records(pump, reference, cancelled=cancelled, timeout=timeout):
        told = str(record.get("status") or "").removeprefix(_TOLD_DIGEST)
        digest = told if DIGEST.fullmatch(told) else digest
        yield from teller.tell(record)
    if not digest:
        raise EngineUnavailable("the pull stopped before its end")
    return digest


def push(
    connection: Connection,
    reference: Reference,
    *,
    credential: RegistryLogin | None,
    cancelled: Callable[[], bool],
    timeout: float,
) -> Iterator[TransferLine | Pushed]:
    """Ends in the manifest's digest. Raises as `Images.push` says."""
    path = f"/images/{reference.name}/push"
    parameters = {"tag": reference.tag or ""}
    headers = login_header(reference.registry, credential)  # the engine wants one even where nobody logs in
    pump = Pump(lambda: connection.stream("POST", path, params=parameters, headers=headers, header_timeout=timeout))
    teller, digest = _Teller(), ""
    for record in _records(pump, reference, cancelled=cancelled, timeout=timeout):
        aux = record.get("aux")
        if isinstance(aux, dict) and DIGEST.fullmatch(str(aux.get("Digest", ""))):
            digest = str(aux["Digest"])
        yield from teller.tell(record)
    if not digest:
        raise EngineUnavailable("the push stopped before its end")
    yield Pushed(digest=digest)


def does_not_answer(message: str) -> bool:
    """Do these words of an engine say that nobody answers at a registry's address, or not as a registry does?"""
    words = message.lower()
    return any(part in words for part in _UNREACHABLE) or words.endswith(": eof")


def registry_error(message: str, *, reference: str, absent: bool = False) -> EngineError:
    """Our error for what the engine or the registry said in words; `absent`: with the status of what is not there."""
    words = message.lower().replace(reference.lower(), "…")
    known = engine_error(message)
    if isinstance(known, DiskFull):
        return known
    if any(part in words for part in _LIMITED):
        return RegistryLimited(message)
    if words.startswith("an image does not exist locally") or "no such image" in words:
        return NotFound(message)
    if does_not_answer(words):
        return RegistryUnreachable(message)
    if any(part in words for part in _ABSENT):
        return NotInRegistry(message)
    if any(part in words for part in _REFUSED):
        return RegistryRefused(message)
    return NotInRegistry(message) if absent else known


def _records(
    pump: Pump, reference: Reference, *, cancelled: Callable[[], bool], timeout: float
) -> Iterator[dict[str, Any]]:
    """The engine's records, one a line; what says that it went wrong is raised."""
    try:
        for line in pump.lines(deadline=time.monotonic() + timeout, cancelled=cancelled):
            record = _object(line)
            if record.get("error"):
                raise registry_error(str(record["error"]), reference=reference.name)
            yield record
    except EngineTimeout as late:
        raise WorkTimeout("the registry took longer than it may") from late
    except (EngineUnavailable, WorkCancelled, WorkTimeout):
        raise
    except EngineError as error:
        absent = isinstance(error, NotFound)
        raise registry_error(error.message, reference=reference.name, absent=absent) from error
    finally:
        pump.close()


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class _Teller:
    """A line when a layer's state changes, and now and then while one is on its way."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._told_at = time.monotonic()

    def tell(self, record: dict[str, Any]) -> Iterator[TransferLine]:
        status, layer = str(record.get("status") or ""), str(record.get("id") or "")
        if not status:
            return
        text = f"{layer}: {status}" if layer else status
        if not layer or (self._states.get(layer) != status and len(self._states) < MAX_LAYERS):
            if layer:
                self._states[layer] = status
            yield TransferLine(text=text)
            return
        detail = record.get("progressDetail")
        now = time.monotonic()
        if isinstance(detail, dict) and detail.get("total") and now - self._told_at >= PROGRESS_SECONDS:
            self._told_at = now
            done, total = (int(detail.get(part) or 0) / MEGABYTE for part in ("current", "total"))
            yield TransferLine(text=f"{text} {done:.1f} of {total:.1f} MB")
