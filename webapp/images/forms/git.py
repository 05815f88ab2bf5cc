"""Boxes of a Git repository."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.images.forms.boxes import Boxes, short

_NAMED = {  # box to field of the source
    "directory": "directory",
    "path": "dockerfile",
    "credential": "credential",
    "deploy_key": "deploy_key",
    "submodules": "submodules",
}


def _fields() -> dict[str, forms.Field]:
    return {
        "url": short("Address", hint="https://… or, with a deploy key, git@git.example.org:team/shop.git."),
        "ref": short("Branch, tag or commit"),
        "directory": short("Folder"),
        "path": short("Name of the Dockerfile"),
        "deploy_key": short("Deploy key", hint="By ssh: the name of a deploy key of the project."),
        "credential": short(
            "Secret with user:password",
            hint="By https: the name of a secret of the project that is for fetching sources.",
        ),
        "submodules": forms.BooleanField(
            required=False,
            label="Fetch submodules too",
            help_text="By https and ssh alone, each by the rule for the source itself.",
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
        "source.deploy_key": "deploy_key",
        "source.submodules": "submodules",
    },
    source=_source,
    initial=_initial,
)
