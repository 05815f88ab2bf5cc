"""The boxes of an uploaded archive that is built from. Which the project has is said by the page."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.images.forms.boxes import Boxes, short
from webapp.images.forms.uploads import upload_box

NAMES = {"archive_directory": "directory", "archive_path": "dockerfile"}


def _fields() -> dict[str, forms.Field]:
    choice = upload_box("Archive", hint="One that the project has; what is sent below is chosen here.")
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
