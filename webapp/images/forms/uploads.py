"""A box to choose one of the project's uploads. The page's script adds what is sent meanwhile."""

from collections.abc import Iterable, Mapping

from django import forms
from django.template.defaultfilters import filesizeformat

from webapp.blobs.models import Upload
from webapp.images.forms.boxes import SHORT


def upload_box(label: str, *, hint: str) -> forms.CharField:
    """Empty until `offer` says what there is."""
    return forms.CharField(
        required=False,
        max_length=SHORT,
        label=label,
        help_text=hint,
        widget=forms.Select(attrs={"data-uploads": ""}),
    )


def offer(fields: Mapping[str, forms.Field], uploads: Iterable[Upload]) -> None:
    """These are the archives to choose from, in each box for one."""
    choices = [("", "none yet"), *((upload.id, _said(upload)) for upload in uploads)]
    for field in fields.values():
        if isinstance(field.widget, forms.Select) and "data-uploads" in field.widget.attrs:
            field.widget.choices = choices


def _said(upload: Upload) -> str:
    return f"{upload.name}, {filesizeformat(upload.size)}, {upload.brought_at:%-d %b %H:%M} UTC"
