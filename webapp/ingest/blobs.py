"""Bytes that a job's order names, for the host that holds the job, and for nobody else."""

import re
from collections.abc import AsyncIterator
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse

from webapp.blobs import store
from webapp.hosts.models import Host
from webapp.ingest import guard
from webapp.ingest.views import reading_host
from webapp.problems import Invalid, Missing
from webapp.volumes.services.backing_up import open_backup

FETCHED = ("archive", "saved")  # kinds of source that a host has from here
CHUNK = 256 * 1024
RANGE = re.compile(r"bytes=(\d{1,15})-")


@reading_host
def blob(request: HttpRequest, host: Host, job_id: str, digest: str) -> StreamingHttpResponse:
    """The bytes from where the host has them to; they never change."""
    job = guard.job_of(request, host=host, job_id=job_id)
    source = job.order.get("source") or {}
    restores = job.kind == "restore_volume" and job.order["digest"] == digest
    if not restores and (source.get("kind") not in FETCHED or source.get("digest") != digest):
        raise Missing(code="job.missing", detail="The order of this job names no such bytes.")
    start = _start(request)
    try:
        file = open_backup(job.project_id, digest) if restores else store.open_blob(digest)
    except FileNotFoundError as error:
        raise Missing(code="blob.gone", detail="These bytes are gone.") from error
    size = file.seek(0, 2)
    if start > size:
        file.close()
        raise Invalid({"Range": ["It begins after the end."]})
    file.seek(start)
    headers = {"Content-Range": f"bytes {start}-{max(size - 1, 0)}/{size}", "Content-Length": str(size - start)}
    return StreamingHttpResponse(_chunks(file), status=206, content_type="application/octet-stream", headers=headers)


def _start(request: HttpRequest) -> int:
    wanted = RANGE.fullmatch(request.headers.get("Range", "bytes=0-"))
    if wanted is None:
        raise Invalid({"Range": ["bytes=N- alone."]})
    return int(wanted[1])


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    """One at a time: the framework would read all of a plain file before it sends the first."""
    try:
        while chunk := await sync_to_async(file.read, thread_sensitive=False)(CHUNK):
            yield chunk
    finally:
        file.close()
