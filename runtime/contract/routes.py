"""How a service is reached from outside: the port at which it speaks HTTP, host names and paths, TLS."""

from typing import Literal

from runtime.contract.message import Strict

# No public authority vouches for names that end so.
INTERNAL = (".localhost", ".local", ".internal", ".test", ".home.arpa")


class Route(Strict, frozen=True, kw_only=True):
    """Requests for `host` whose path is `path` or lies below it. `*.` at the beginning stands for one label."""

    host: str
    path: str = "/"


class OwnCertificate(Strict, frozen=True, kw_only=True):
    """A certificate that somebody brought. `secret` names, in the claim, its chain and then its key as PEM."""

    certificate: str  # its id
    secret: str


class Http(Strict, frozen=True, kw_only=True):
    """What the edge of a host is to do for one service.

    `automatic`: a certificate by ACME, or of the edge's own authority for names that no other would vouch for;
    `internal`: always of that one; `own`: one of `certificates`. `drain`: seconds that requests under way have when a
    replica leaves.
    """

    port: int  # of the container
    routes: tuple[Route, ...]
    tls: Literal["off", "automatic", "internal", "own"] = "off"
    certificates: tuple[OwnCertificate, ...] = ()
    drain: int = 10


def is_internal(host: str) -> bool:
    """Only an authority of the host's own vouches for such a name."""
    return host == "localhost" or host.endswith(INTERNAL)
