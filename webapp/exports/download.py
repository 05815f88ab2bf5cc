"""An archive as an answer."""

from pathlib import Path

from django.http import HttpResponse, StreamingHttpResponse

from webapp.downloads import answer_file
from webapp.exports import store
from webapp.exports.models import Export
from webapp.problems import Conflicting, Spent

TAR = "application/x-tar"


def answer(export: Export, *, range_header: str) -> HttpResponse | StreamingHttpResponse:
    """The bytes of a ready export. Raises `Conflicting` while it is not ready, `Spent` when it is over."""
    return answer_file(
        _path(export), name=_name(export), digest=export.digest, media_type=TAR, range_header=range_header
    )


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
