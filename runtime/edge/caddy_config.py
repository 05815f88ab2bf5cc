"""The configuration of Caddy for all sites of a host, as a value. Pure.

Who serves a site is not in it: Caddy asks for that by name again and again (`runtime.edge.names`), so that a replica
comes and goes without a new configuration, which would end connections that clients keep open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.contract.routes import Route, is_internal
from runtime.edge import state
from runtime.edge.base import Place
from runtime.edge.names import name_of
from runtime.edge.state import Face, Known

ASK_AGAIN = "100ms"  # how old an answer may be by which a request finds its replica
WAIT_FOR_REPLICA = "5s"  # so long a request waits where no replica can be reached at this moment
TRY_AGAIN = "100ms"
CONNECT = "2s"  # longer than a second, after which a connection is tried anew where many come at once
IDLE = "2s"  # connections to replicas; many servers close theirs after five
FAILED_FOR = "2s"  # one that failed so lately, so often, is passed over while there are others
MAX_FAILS = 10
HEADERS_WITHIN = "15s"
GRACE = "300s"  # for requests under way when the configuration changes
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not available</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em}</style>
<h1>Not available here</h1>
<p>No replica on this host answers for this address at the moment. Try again in a moment; if it stays so, tell whoever
runs the site.</p></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where the edge listens, and how it comes by certificates."""

    address: str
    http: int
    https: int
    acme_directory: str = ""  # empty: Caddy's own choice
    acme_email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Where the edge keeps what is its own."""

    home: Path
    sockets: Path  # short enough a path for those of unix sockets

    @property
    def sites(self) -> Path:
        return self.home / "sites"

    @property
    def certificates(self) -> Path:
        return self.home / "certificates"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def admin(self) -> Path:
        return self.sockets / "admin.sock"

    @property
    def names(self) -> Path:
        return self.sockets / "names.sock"


def render(doors: Doors, folder: Folder, sites: Mapping[Place, Known]) -> dict[str, Any]:
    """All that Caddy is told."""
    faces = {place: known for place, known in sorted(sites.items(), key=_by_ids) if known.now is not None}
    return {
        "admin": {"listen": f"unix/{folder.admin}", "config": {"persist": False}},
        "logging": {
            "logs": {"default": {"level": "WARN", "exclude": ["http.handlers.reverse_proxy", "http.log.error"]}}
        },
        "storage": {"module": "file_system", "root": str(folder.data)},
        "apps": {
            "http": {
                "http_port": doors.http,
                "https_port": doors.https,
                "grace_period": GRACE,
                "servers": {
                    "plain": _server(doors.address, doors.http, _routes(faces, folder, doors, tls=False)),
                    "tls": {
                        **_server(doors.address, doors.https, _routes(faces, folder, doors, tls=True)),
                        "tls_connection_policies": [{}],
                    },
                },
            },
            "tls": _tls(faces, folder, doors),
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
        },
    }


def _by_ids(item: tuple[Place, Known]) -> tuple[str, str]:
    return item[0].service, item[0].environment


def _server(address: str, port: int, routes: list[dict[str, Any]]) -> dict[str, Any]:
    shown = f"[{address}]" if ":" in address else address
    return {
        "listen": [f"{shown}:{port}"],
        "protocols": ["h1", "h2"],
        "read_header_timeout": HEADERS_WITHIN,
        "automatic_https": {"disable": True},
        "routes": [*routes, {"handle": [_nobody()]}],
        "errors": {"routes": [{"handle": [_nobody()]}]},
    }


def _nobody() -> dict[str, Any]:
    headers = {"Content-Type": ["text/html; charset=utf-8"], "Cache-Control": ["no-store"], "Retry-After": ["3"]}
    return {"handler": "static_response", "status_code": 503, "headers": headers, "body": PAGE}


def _routes(faces: Mapping[Place, Known], folder: Folder, doors: Doors, *, tls: bool) -> list[dict[str, Any]]:
    """The particular before the general: whole names before wildcards, long paths before short ones."""
    found: list[tuple[Route, dict[str, Any]]] = []
    for place, known in faces.items():
        face = _face(known)
        if tls and face.http.tls == "off":
            continue
        handler = _proxy(place, known, folder) if tls == (face.http.tls != "off") else _to_https(doors)
        found += [(route, handler) for route in face.http.routes]
    found.sort(key=lambda pair: (pair[0].host.startswith("*"), -len(pair[0].path), pair[0].host))
    return [{"match": [_match(route)], "handle": [handler], "terminal": True} for route, handler in found]


def _match(route: Route) -> dict[str, Any]:
    path = {} if route.path == "/" else {"path": [route.path, f"{route.path}/*"]}
    return {"host": [route.host], **path}


def _to_https(doors: Doors) -> dict[str, Any]:
    port = "" if doors.https == 443 else f":{doors.https}"
    where = f"https://{{http.request.host}}{port}{{http.request.uri}}"
    return {"handler": "static_response", "status_code": 308, "headers": {"Location": [where]}}


def _proxy(place: Place, known: Known, folder: Folder) -> dict[str, Any]:
    asked = [_upstreams(place, port, folder) for port in state.ports(known)]
    source = asked[0] if len(asked) == 1 else {"source": "multi", "sources": asked}
    return {
        "handler": "reverse_proxy",
        "dynamic_upstreams": source,
        "load_balancing": {
            "selection_policy": {"policy": "least_conn"},
            "try_duration": WAIT_FOR_REPLICA,
            "try_interval": TRY_AGAIN,
        },
        "health_checks": {"passive": {"fail_duration": FAILED_FOR, "max_fails": MAX_FAILS}},
        "transport": {"protocol": "http", "dial_timeout": CONNECT, "keep_alive": {"idle_timeout": IDLE}},
    }


def _upstreams(place: Place, port: int, folder: Folder) -> dict[str, Any]:
    return {
        "source": "a",
        "name": name_of(place, port),
        "port": str(port),
        "refresh": ASK_AGAIN,
        "resolver": {"addresses": [f"unix/{folder.names}"]},
    }


def _tls(faces: Mapping[Place, Known], folder: Folder, doors: Doors) -> dict[str, Any]:
    internal, public, files = set(), set(), set()
    for known in faces.values():
        face = _face(known)
        hosts = {route.host for route in face.http.routes}
        files |= {str(folder.certificates / name) for name in face.files.values()}
        if face.http.tls == "internal":
            internal |= hosts
        elif face.http.tls == "automatic":
            internal |= {host for host in hosts if is_internal(host)}
            public |= {host for host in hosts if not is_internal(host)}
    return {
        "certificates": {
            "load_files": [{"certificate": path, "key": path} for path in sorted(files)],
            "automate": sorted(internal | public),
        },
        "automation": {"policies": [*_policy(internal, {"module": "internal"}), *_policy(public, _acme(doors))]},
    }


def _policy(subjects: Iterable[str], issuer: dict[str, Any]) -> list[dict[str, Any]]:
    named = sorted(subjects)
    return [{"subjects": named, "issuers": [issuer]}] if named else []


def _acme(doors: Doors) -> dict[str, Any]:
    given = {"ca": doors.acme_directory, "email": doors.acme_email}
    ports = {"http": {"alternate_port": doors.http}, "tls-alpn": {"alternate_port": doors.https}}
    return {"module": "acme", **{name: value for name, value in given.items() if value}, "challenges": ports}


def _face(known: Known) -> Face:
    if known.now is None:
        raise AssertionError("a site without a face has no part in the configuration")
    return known.now
