"""Files of an image, read without running anything of it.

The engine gives files of containers only, so a container is made of the image, never started, and removed by its ID.
"""

import io
import itertools
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from runtime.engine.docker_client import Connection, translated
from runtime.engine.errors import Conflict, EngineError, NotFound

LABEL = "slipway.look"  # on these containers alone
NEVER_RUN = ["/nothing/is/run"]  # an image may name no command, and the engine wants one
MAX_MEMBERS = 5000


def read_files(connection: Connection, image_id: str, paths: Sequence[str], *, limit: int) -> dict[str, bytes]:
    """See `Images.files`."""
    found: dict[str, bytes] = {}
    with _container(connection, image_id) as (client, container):
        for path in paths:
            with suppress(NotFound), translated():
                pieces, _ = client.get_archive(container, path)
                archive = _bounded(pieces, limit=limit)
                found |= _unpacked(path, archive) if archive else {}
    return found


@contextmanager
def _container(connection: Connection, image_id: str) -> Iterator[tuple[Any, str]]:
    name = f"slipway-look-{image_id.removeprefix('sha256:')[:24]}"
    with translated():
        client = connection.calls()
    remove_former(client, name)
    with translated():
        made = client.create_container(
            image_id, command=NEVER_RUN, name=name, labels={LABEL: "1"}, network_disabled=True
        )
    container = str(made["Id"])
    try:
        yield client, container
    finally:
        with suppress(NotFound, Conflict), translated():
            client.remove_container(container, v=True, force=True)


def remove_former(client: Any, name: str) -> None:
    """What an attempt left that was cut off: only one of these containers, and never one that runs."""
    with suppress(NotFound), translated():
        former = client.inspect_container(name)
        if (former["Config"].get("Labels") or {}).get(LABEL) == "1" and not former["State"]["Running"]:
            client.remove_container(former["Id"], v=True)


def _unpacked(path: str, archive: bytes) -> dict[str, bytes]:
    """The regular files of an archive with one path in it, which may be a folder."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r|") as members:
            for member in itertools.islice(members, MAX_MEMBERS):
                file = members.extractfile(member) if member.isreg() else None
                if file is not None:
                    inside = member.name.partition("/")[2]
                    found[f"{path}/{inside}" if inside else path] = file.read()
    except tarfile.TarError as error:
        raise EngineError(f"the engine's archive of {path} cannot be read: {error}") from error
    return found


def _bounded(pieces: Iterable[bytes], *, limit: int) -> bytes:
    """All of it, or nothing where that is more than `limit` bytes."""
    held, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            return b""
        held.append(piece)
    return b"".join(held)
