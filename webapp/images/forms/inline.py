"""Boxes of a Dockerfile that is written here. Its files stand beside the form, as pairs of boxes."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.images.forms.boxes import LONG, Boxes
from webapp.page import code_box

EDITOR = {"data-editor": "dockerfile", "data-lint": "/api/v1/dockerfile-checks/", "data-findings": "findings"}


def _fields() -> dict[str, forms.Field]:
    text = forms.CharField(
        required=False,
        strip=False,
        max_length=LONG,
        widget=code_box(12, **EDITOR),
        label="Dockerfile",
        initial="FROM slipway/busybox:1\n",
    )
    return {"dockerfile": text}


def _source(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"dockerfile": given["dockerfile"].replace("\r\n", "\n"), "files": given["files"]}


def _initial(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"dockerfile": source["dockerfile"]}


INLINE = Boxes(
    label="a Dockerfile, written here",
    fields=_fields,
    carries={"source.dockerfile": "dockerfile"},
    source=_source,
    initial=_initial,
)
