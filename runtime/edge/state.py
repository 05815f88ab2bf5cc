"""What the edge knows of one site, as a value, and how each call changes it. Pure."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from runtime.contract.routes import Http
from runtime.edge.base import Backend, EdgeError, Site

FRESH_SECONDS = 10.0  # a list of containers may be so much older than the admission of one that it lacks


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A container that was admitted, and where the edge reaches it."""

    container: str
    inner: int  # port of the container, as its release has it
    address: str
    port: int
    up: bool
    started_ns: int | None
    admitted: float  # UNIX seconds


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """How a site is reached, and who serves it."""

    http: Http
    members: tuple[Member, ...] = ()
    files: Mapping[str, str] = {}  # id of a certificate -> name of the file that holds it


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A site: as it is now, and as it was settled last. With neither there is none."""

    now: Face | None = None
    settled: Face | None = None


def admitted(known: Known, site: Site, backend: Backend, *, files: Mapping[str, str], now: float) -> Known:
    """EdgeError when the host does not reach the backend."""
    others = known.now.members if known.now is not None else ()
    rest = tuple(one for one in others if one.container != backend.container)
    members = (*rest, _member(backend, site.http.port, now=now))
    return _with_now(known, Face(http=site.http, members=members, files=files))


def dismissed(known: Known, containers: Collection[str]) -> tuple[Known, tuple[Member, ...]]:
    """And those that leave by it."""
    if known.now is None:
        return known, ()
    leave = tuple(one for one in known.now.members if one.container in containers)
    stay = tuple(one for one in known.now.members if one.container not in containers)
    return _with_now(known, msgspec.structs.replace(known.now, members=stay)), leave


def settled(
    known: Known, site: Site | None, backends: Iterable[Backend], *, files: Mapping[str, str], now: float
) -> Known:
    """EdgeError when the host does not reach a backend."""
    if site is None:
        return Known()
    former = {one.container: one for one in known.now.members} if known.now is not None else {}
    members = []
    for backend in backends:
        member = _member(backend, site.http.port, now=now)
        before = former.get(backend.container)
        if before is not None:
            member = msgspec.structs.replace(member, admitted=before.admitted)
            if backend.up is None and before.started_ns == backend.started_ns:
                member = msgspec.structs.replace(member, up=before.up)
        members.append(member)
    face = Face(http=site.http, members=tuple(members), files=files)
    return Known(now=face, settled=face)


def reverted(known: Known, backends: Iterable[Backend], *, now: float) -> Known:
    """A site that was never settled is none again. What the host does not reach is left out."""
    if known.settled is None:
        return Known()
    inner = {one.container: one.inner for one in known.settled.members}
    members = tuple(
        _member(backend, inner[backend.container], now=now)
        for backend in backends
        if backend.container in inner and backend.at(inner[backend.container]) is not None
    )
    face = msgspec.structs.replace(known.settled, members=members)
    return Known(now=face, settled=known.settled)


def observed(known: Known, backends: Iterable[Backend], *, all_of_them: bool, now: float) -> Known:
    """The same value when nothing changed."""
    if known.now is None:
        return known
    seen = {backend.container: backend for backend in backends}
    members = tuple(_as_seen(one, seen.get(one.container), all_of_them, now) for one in known.now.members)
    return (
        known if members == known.now.members else _with_now(known, msgspec.structs.replace(known.now, members=members))
    )


def ports(known: Known) -> list[int]:
    """Every port at which a member is or may be asked: what of the members the proxy's configuration depends on."""
    faces = [face for face in (known.now, known.settled) if face is not None]
    found = {one.port for face in faces for one in face.members}
    if known.now is not None and not any(one.port != one.inner for one in known.now.members):
        found.add(known.now.http.port)
    return sorted(found)


def drain_of(known: Known) -> int:
    """Seconds that requests under way have."""
    return known.now.http.drain if known.now is not None else 0


def _with_now(known: Known, face: Face) -> Known:
    return msgspec.structs.replace(known, now=face)


def _member(backend: Backend, inner: int, *, now: float) -> Member:
    """What just proved itself, or was just started again, is up unless it is known not to be."""
    found = backend.at(inner)
    if found is None:
        raise EdgeError(
            f"The edge does not reach port {inner} of container {backend.container[:12]}.",
            advice="This host reaches no address of its network: publish the port in the service's settings.",
        )
    return Member(
        container=backend.container,
        inner=inner,
        address=found[0],
        port=found[1],
        up=backend.up is not False,
        started_ns=backend.started_ns,
        admitted=now,
    )


def _as_seen(member: Member, backend: Backend | None, all_of_them: bool, now: float) -> Member:
    if backend is None:
        lost = all_of_them and now - member.admitted > FRESH_SECONDS
        return msgspec.structs.replace(member, up=False) if lost else member
    found = backend.at(member.inner)
    if found is None or backend.up is False:
        return msgspec.structs.replace(member, up=False)
    same = backend.started_ns == member.started_ns
    up = (member.up and same) if backend.up is None else True
    return msgspec.structs.replace(member, address=found[0], port=found[1], up=up, started_ns=backend.started_ns)
