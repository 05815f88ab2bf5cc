"""A file as an answer: streamed, from where the reader asks for it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from django.http import HttpResponse, StreamingHttpResponse

from webapp.ranges import OutOfRange, asked

PIECE = 256 * 1024


def answer_file(
    path: Path, *, name: str, digest: str, media_type: str, range_header: str
) -> HttpResponse | StreamingHttpResponse:
    """The bytes, or the part of them that is asked for; 416 when nothing of that is there. `digest` is its ETag."""
    size = path.stat().st_size
    try:
        part = asked(range_header, size=size)
    except OutOfRange:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = part if part is not None else (0, size - 1)
    response = StreamingHttpResponse(_pieces(path, first, last), status=206 if part else 200, content_type=media_type)
    response["Content-Length"] = str(last - first + 1)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = f'"{digest}"'
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    if part is not None:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


async def _pieces(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    left = last - first + 1
    with path.open("rb") as file:
        await asyncio.to_thread(file.seek, first)
        while left > 0 and (piece := await asyncio.to_thread(file.read, min(PIECE, left))):
            left -= len(piece)
            yield piece
