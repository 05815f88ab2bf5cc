"""Connections to the Docker Engine API, and the one place where its errors are translated."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import ceil
from typing import IO, Any

import docker.errors
import requests
import urllib3.exceptions
from docker import APIClient

from runtime.engine.base import CALL_TIMEOUT
from runtime.engine.errors import (
    BadRequest,
    Conflict,
    DiskFull,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    NoNetworkLeft,
    NotFound,
    PortTaken,
)
from runtime.engine.frames import BrokenStream, Chunks

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
READ_BYTES = 64 * 1024

_PORT_WORDS = (
    "port is already allocated",
    "address already in use",
    "failed to bind host port",
    "ports are not available",
)
_REFUSED_WORDS = (
    "oci runtime create failed",
    "executable file not found",
    "runc create failed",
    "error processing tar",
)


class Connection:
    """Clients for one engine: one bounded client for calls, one unbounded client per stream.

    Made on first use, so that an engine which is down when the worker starts is found once it is
    up.
    """

    def __init__(self, address: str | None = None) -> None:
        self.address = address or DEFAULT_ADDRESS
        self._lock = threading.Lock()
        self._calls: APIClient | None = None

    def calls(self) -> Any:
        """The SDK's client for calls that end within `CALL_TIMEOUT`. Call within `translated`.

        Any, because the SDK is typed in part only and answers with the engine's own JSON.
        """
        with self._lock:
            if self._calls is None:
                self._calls = self._client("auto")
            return self._calls

    @contextmanager
    def patient(self, timeout: float) -> Iterator[Any]:
        """A client for one call that may take `timeout` seconds. Raises what `translated` raises."""
        with translated():
            client = APIClient(base_url=self.address, version=self.calls().api_version, timeout=ceil(timeout))
            try:
                yield client
            finally:
                client.close()

    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | Sequence[str]],
        body: IO[bytes] | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        header_timeout: float | None = CALL_TIMEOUT,
    ) -> "ByteStream":
        """Opens an answer without end. Raises what `translated` raises."""
        with translated():
            client = self._client(self.calls().api_version)
            response = client.request(
                method,
                f"{client.base_url}/v{client.api_version}{path}",
                params=dict(params),
                data=body,
                headers=({"Content-Type": "application/x-tar"} if body else {}) | dict(headers or {}),
                stream=True,
                timeout=(CALL_TIMEOUT, header_timeout),
            )
            raise_for_status(response)
            return ByteStream(client, response)

    def close(self) -> None:
        """Lets go of the connections for calls."""
        with self._lock:
            if self._calls is not None:
                self._calls.close()
                self._calls = None

    def _client(self, version: str) -> APIClient:
        return APIClient(base_url=self.address, version=version, timeout=int(CALL_TIMEOUT))


class ByteStream:
    """The body of one long answer, as each read returns it. `close` ends it from any thread."""

    def __init__(self, client: APIClient, response: requests.Response) -> None:
        self._client = client
        self._response = response
        # Reading below the HTTP library gives what one read of the socket returned, which is what
        # makes batches; the library would hand out single chunks.
        raw: Any = response.raw
        self._reader = raw._fp.fp
        self._socket: socket.socket = self._reader.raw._sock
        self._socket.settimeout(None)
        self._chunks = Chunks() if "chunked" in response.headers.get("Transfer-Encoding", "") else None
        length = response.headers.get("Content-Length")
        self._left = int(length) if length is not None else None  # bytes to come; None: to the end of the connection
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        """Non-empty pieces. Raises EngineUnavailable when the engine broke off in the middle."""
        try:
            while not (self._chunks and self._chunks.ended) and self._left != 0:
                data = self._reader.read1(READ_BYTES if self._left is None else min(self._left, READ_BYTES))
                if self._closed.is_set():
                    return
                if not data:
                    if self._chunks is None and self._left is None:
                        return
                    raise BrokenStream("the answer has no end")
                self._left = self._left - len(data) if self._left is not None else None
                body = self._chunks.feed(data) if self._chunks else data
                if body:
                    yield body
        except (OSError, ValueError, BrokenStream) as error:
            if not self._closed.is_set():
                raise EngineUnavailable(f"the engine broke off: {error}") from error
        finally:
            self.close()

    def close(self) -> None:
        """Ends the iteration at once."""
        if self._closed.is_set():
            return
        self._closed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._socket.close()
        self._client.close()


@contextmanager
def translated() -> Iterator[None]:
    """Turns the SDK's errors into ours, with what the engine said."""
    try:
        yield
    except docker.errors.APIError as error:
        raise _from_answer(error) from error
    except requests.exceptions.ReadTimeout as error:
        raise EngineTimeout("the engine did not answer in time") from error
    except (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        docker.errors.DockerException,
        OSError,
    ) as error:
        raise EngineUnavailable(f"the engine cannot be reached: {error}") from error


def raise_for_status(response: requests.Response) -> None:
    """Raises the SDK's error for an answer that is one."""
    try:
        response.raise_for_status()
    except requests.exceptions.HTTPError as error:
        docker.errors.create_api_error_from_http_exception(error)


def engine_error(message: str, *, status: int | None = None) -> EngineError:
    """Our error for what the engine said in words."""
    words = message.lower()
    if "no space left on device" in words:
        return DiskFull(message)
    if "non-overlapping ipv4 address pool" in words:
        return NoNetworkLeft(message)
    if any(part in words for part in _PORT_WORDS):
        return PortTaken(message)
    if status == 404:
        return NotFound(message)
    if status == 409:
        return Conflict(message)
    if status == 400 or any(part in words for part in _REFUSED_WORDS):
        return BadRequest(message)
    return EngineError(message)


def _from_answer(error: docker.errors.APIError) -> EngineError:
    status = error.response.status_code if error.response is not None else None
    return engine_error(str(error.explanation or error), status=status)
