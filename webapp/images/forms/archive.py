"""The boxes of an uploaded archive. Which the project has is said by the page."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.template.defaultfilters import filesizeformat

from webapp.blobs.models import Upload
from webapp.images.forms.boxes import SHORT, Boxes, short

NAMES = {"archive_directory": "directory", "archive_path": "dockerfile"}


def offer(field: forms.Field, uploads: Iterable[Upload]) -> None:
    """These are the archives to choose from."""
    if isinstance(field.widget, forms.Select):
        field.widget.choices = [("", "none yet"), *((upload.id, _said(upload)) for upload in uploads)]


def _said(upload: Upload) -> str:
    return f"{upload.name}, {filesizeformat(upload.size)}, {upload.brought_at:%-d %b %H:%M} UTC"


def _fields() -> dict[str, forms.Field]:
    choice = forms.CharField(
        required=False,
        max_length=SHORT,
        label="Archive",
        help_text="One that the project has; what is sent below is chosen here.",
        widget=forms.Select(attrs={"data-uploads": ""}),
    )
    folder = short("Folder in the archive", hint="What is built, and where its Dockerfile lies. Empty: all of it.")
    return {"upload": choice, "archive_directory": folder, "archive_path": short("Name of the Dockerfile")}


def _source(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"upload": given["upload"], **{field: given[box] for box, field in NAMES.items() if given[box]}}


def _initial(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"upload": source["upload"], **{box: source[field] for box, field in NAMES.items()}}


ARCHIVE = Boxes(
    label="an uploaded archive or folder",
    fields=_fields,
    carries={f"source.{field}": box for box, field in NAMES.items()} | {"source.upload": "upload"},
    source=_source,
    initial=_initial,
)
