"""Calls that Slipway makes to addresses that people gave it: registries, hooks, notices. The one way out.

The name is looked up here, every address it has is asked for, and the connection goes to one that was asked about, so
that a name which points elsewhere a moment later gains nothing. No redirect is followed and no proxy asked. What is
private is reached where `settings.PRIVATE_TARGETS` names it.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpcore
import httpx
from django.conf import settings

from runtime.contract.addresses import is_public_address, is_within, may_be_public
from webapp.problems import Refusal

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
MAX_ADDRESSES = 4  # tried of one name
MAX_ANSWER_BYTES = 2 * 1024 * 1024

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Unreached(Refusal):
    """No answer came. `detail` says why and what to do, without anything that the far side said."""

    status = 502
    title = "Bad gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the far side said; `text` is cut at MAX_ANSWER_BYTES. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


def is_allowed(host: str) -> bool:
    """May this host be named at all? Asked at the door, before anything is looked up."""
    return _is_named(host) or is_within(host, settings.PRIVATE_TARGETS) or may_be_public(host)


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = ANSWER_SECONDS,
    ours: bool = False,
) -> Answer:
    """One request and its answer, whatever its status. Raises `Unreached`. `url` is http(s) and was checked.

    `ours`: the address is of Slipway's own settings and nobody else's words, so it may be private.
    """
    timeout, until = httpx.Timeout(seconds, connect=CONNECT_SECONDS), time.monotonic() + seconds
    with (
        _translated(url),
        httpx.Client(transport=_Transport(ours=ours), timeout=timeout, trust_env=False) as client,
        client.stream(method, url, headers=dict(headers or {}), content=body) as response,
    ):
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            text=_bounded(response.iter_bytes(), until=until).decode("utf-8", "replace"),
        )


def _bounded(pieces: Iterator[bytes], *, until: float) -> bytes:
    """What comes until there is enough of it, or `until` by the monotonic clock: it may come byte by byte."""
    found = b""
    for piece in pieces:
        found += piece
        if len(found) >= MAX_ANSWER_BYTES or time.monotonic() > until:
            break
    return found[:MAX_ANSWER_BYTES]


@contextmanager
def _translated(url: str) -> Iterator[None]:
    host = httpx.URL(url).host
    try:
        yield
    except _Private as error:
        raise Unreached(
            code="ssrf.blocked",
            detail=f"{host} leads to a private address. An administrator may allow it (SLIPWAY_PRIVATE_TARGETS).",
        ) from error
    except (httpx.TimeoutException, httpcore.TimeoutException) as error:
        raise Unreached(code="reach.silent", detail=f"{host} did not answer in time. Try again later.") from error
    except (httpx.HTTPError, httpcore.ProtocolError, httpcore.NetworkError, OSError) as error:
        detail = f"{host} cannot be reached ({_kind(error)}). Check the address, and that it is up."
        raise Unreached(code="reach.failed", detail=detail) from error


def _kind(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not one this machine trusts"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS there"
        if isinstance(cause, ConnectionRefusedError):
            return "it refuses the connection"
        if isinstance(cause, socket.gaierror):
            return "its name is not known"
        cause = cause.__cause__ or cause.__context__
    return "the connection broke"


class _Private(Exception):
    """The name leads to an address that is not for calls out."""


class _Backend(httpcore.SyncBackend):
    """Connects to addresses that were asked about, and to no others. `ours` are not asked about."""

    def __init__(self, *, ours: bool) -> None:
        super().__init__()
        self._ours = ours

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._ours and not _is_named(host) and not all(_may_connect(address) for address in addresses):
            raise _Private
        *first, last = addresses[:MAX_ADDRESSES]
        for address in first:  # IPv6 may come first where there is only IPv4
            with suppress(httpcore.ConnectError):
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
        return super().connect_tcp(last, port, timeout, local_address, socket_options)


class _Transport(httpx.BaseTransport):
    """httpx on httpcore's own pool, whose backend is ours; the certificate is still asked for the name in the URL."""

    def __init__(self, *, ours: bool = False) -> None:
        context = ssl.create_default_context()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_connections=1, network_backend=_Backend(ours=ours)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Stream(response))

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def _is_named(host: str) -> bool:
    return host.lower() in settings.PRIVATE_TARGETS


def _may_connect(address: str) -> bool:
    return is_public_address(address) or is_within(address, settings.PRIVATE_TARGETS)
