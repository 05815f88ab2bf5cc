"""An archive as an answer: streamed, from where the reader asks for it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from django.http import HttpResponse, StreamingHttpResponse

from webapp.exports import store
from webapp.exports.models import Export
from webapp.exports.ranges import OutOfRange, asked
from webapp.problems import Conflicting, Spent

PIECE = 256 * 1024
TAR = "application/x-tar"


def answer(export: Export, *, range_header: str) -> HttpResponse | StreamingHttpResponse:
    """The bytes of a ready export. Raises `Conflicting` while it is not ready, `Spent` when it is over."""
    path = _path(export)
    size = path.stat().st_size
    try:
        part = asked(range_header, size=size)
    except OutOfRange:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = part if part is not None else (0, size - 1)
    response = StreamingHttpResponse(_pieces(path, first, last), status=206 if part else 200, content_type=TAR)
    response["Content-Length"] = str(last - first + 1)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = f'"{export.digest}"'
    response["Content-Disposition"] = f'attachment; filename="{_name(export)}"'
    response["X-Content-Type-Options"] = "nosniff"
    if part is not None:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _path(export: Export) -> Path:
    path = store.archive(export.id)
    if export.state == "ready" and path.exists():
        return path
    if export.state in ("ready", "expired"):
        raise Spent(code="export.expired", detail="This archive was removed when its time was over: export again.")
    raise Conflicting(code="export.not_ready", detail=f"This export is {export.state}: there is no archive of it.")


def _name(export: Export) -> str:
    build = export.build
    return f"{build.image.project.slug}-{build.image.slug}-{build.number}.{export.layout}.tar"


async def _pieces(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    left = last - first + 1
    with path.open("rb") as file:
        await asyncio.to_thread(file.seek, first)
        while left > 0 and (piece := await asyncio.to_thread(file.read, min(PIECE, left))):
            left -= len(piece)
            yield piece
