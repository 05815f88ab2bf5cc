"""Boxes of a Git repository."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.images.forms.boxes import Boxes, short

_NAMED = {"directory": "directory", "path": "dockerfile", "credential": "credential"}  # box to field of the source


def _fields() -> dict[str, forms.Field]:
    return {
        "url": short("Address", hint="By https."),
        "ref": short("Branch, tag or commit"),
        "directory": short("Folder"),
        "path": short("Name of the Dockerfile"),
        "credential": short(
            "Secret with user:password", hint="The name of a secret of the project that is for fetching sources."
        ),
    }


def _source(given: Mapping[str, Any]) -> dict[str, Any]:
    source = {"url": given["url"], "ref": given["ref"] or None}
    return source | {field: given[box] for box, field in _NAMED.items() if given[box]}


def _initial(source: Mapping[str, Any]) -> dict[str, Any]:
    shown = {box: source.get(field) or "" for box, field in _NAMED.items()}
    return {"url": source["url"], "ref": source["ref"] or "", **shown}


GIT = Boxes(
    label="a Git repository",
    fields=_fields,
    carries={
        "source.url": "url",
        "source.ref": "ref",
        "source.directory": "directory",
        "source.dockerfile": "path",
        "source.credential": "credential",
    },
    source=_source,
    initial=_initial,
)
