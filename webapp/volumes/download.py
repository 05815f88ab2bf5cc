"""The archive of a backup as an answer."""

from django.http import HttpResponse, StreamingHttpResponse

from webapp.downloads import answer_file
from webapp.problems import Conflicting, Spent
from webapp.volumes.models import Backup
from webapp.volumes.store import files

GZIP = "application/gzip"


def answer(backup: Backup, *, range_header: str) -> HttpResponse | StreamingHttpResponse:
    """The bytes of a ready backup. Raises `Conflicting` while it is not ready, `Spent` when it was let go."""
    path = files.archive(backup.id)
    if backup.state == "ready" and path.exists():
        return answer_file(path, name=_name(backup), digest=backup.digest, media_type=GZIP, range_header=range_header)
    if backup.state in ("ready", "expired"):
        raise Spent(code="backup.expired", detail="This archive was let go: newer backups took its place.")
    raise Conflicting(code="backup.not_ready", detail=f"This backup is {backup.state}: there is no archive of it.")


def _name(backup: Backup) -> str:
    volume = backup.volume
    whose = f"{volume.service_slug}-{volume.index}-" if volume.service else ""
    return f"{volume.environment.slug}-{whose}{volume.name}-{backup.created_at:%Y%m%d-%H%M%S}.tar.gz"
