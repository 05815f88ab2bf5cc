"""The form of an image's definition: the boxes of each kind of source, and how it is built."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from webapp import writing
from webapp.blobs.models import Upload
from webapp.images.forms.archive import ARCHIVE
from webapp.images.forms.boxes import LONG, SHORT, Boxes
from webapp.images.forms.container import CONTAINER
from webapp.images.forms.git import GIT
from webapp.images.forms.inline import INLINE
from webapp.images.forms.reference import REFERENCE
from webapp.images.forms.saved import SAVED
from webapp.images.forms.uploads import offer
from webapp.images.models import Image
from webapp.images.validation import DEFAULT_TIMEOUT
from webapp.page import Form, code_box

EMPTY_FILES = 2  # boxes for new ones
KINDS: Mapping[str, Boxes] = {
    "dockerfile": INLINE,
    "git": GIT,
    "archive": ARCHIVE,
    "reference": REFERENCE,
    "saved": SAVED,
}
OF_CONTAINER: Mapping[str, Boxes] = {"container": CONTAINER}  # defined on a replica's page, and stays so
COMMON = {
    "source.kind": "kind",
    "build.args": "args",
    "build.secrets": "secrets",
    "build.target": "target",
    "build.timeout": "timeout",
    "build.no_cache": "no_cache",
}


class ImageForm(Form):
    """Where an image comes from and how it is built. Files stand beside the form as pairs of boxes."""

    slug = forms.CharField(label="Short name", max_length=SHORT, help_text="Lower-case letters, digits and hyphens.")
    target = forms.CharField(required=False, max_length=SHORT, label="Stage to build")
    args = forms.CharField(
        required=False,
        widget=code_box(3),
        max_length=LONG,
        label="Build arguments",
        help_text="NAME=value, one a line. They stay readable in the image: a secret is mounted, below.",
    )
    secrets = forms.CharField(
        required=False,
        widget=code_box(2),
        max_length=LONG,
        label="Build secrets",
        help_text="mount=NAME, one a line: the id in RUN --mount=type=secret,id=mount, and a secret of the project "
        "that is for building. The image does not keep them.",
    )
    timeout = forms.IntegerField(required=False, label="Seconds it may take", initial=DEFAULT_TIMEOUT)
    no_cache = forms.BooleanField(required=False, label="Build every step anew, without the cache")
    why = forms.CharField(
        required=False, max_length=SHORT, label="Why it changes", help_text="For the history: one line, as you like."
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        image: Image | None = None,
        uploads: Iterable[Upload] = (),
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=_initial(image) if image is not None else initial)
        if image is None:
            del self.fields["why"]  # what is new needs no reason
        self.kept: Mapping[str, Any] = image.source if image is not None else {}
        self.offered = OF_CONTAINER if self.kept.get("kind") in OF_CONTAINER else KINDS
        self.add({"kind": _kind_of(self.offered)})
        for boxes in self.offered.values():
            self.add(boxes.fields())
        offer(self.fields, uploads)
        chosen = self.offered.get(data.get("kind", "")) if data is not None else None
        self.carries = {**COMMON, **(chosen.carries if chosen is not None else {})}
        known = image.source.get("files", {}) if image is not None else {}
        given = _sent_files(data) if data is not None else known
        self.files_given: dict[str, str] = given
        self.rows = [*given.items(), *[("", "")] * EMPTY_FILES]

    def kinds(self) -> list[tuple[str, str]]:
        """Each kind with the template of its boxes."""
        return [(kind, f"images/sources/{kind}.html") for kind in self.offered]

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = self.cleaned_data
        kind = given["kind"]
        more = {"files": self.files_given, "kept": self.kept}
        source = {"kind": kind, **self.offered[kind].source({**given, **more})}
        build: dict[str, Any] = {"args": writing.pairs(given["args"]), "no_cache": given["no_cache"]}
        if secrets := writing.pairs(given["secrets"]):
            build["secrets"] = secrets
        build["target"] = given["target"] or None
        if given["timeout"] is not None:
            build["timeout"] = given["timeout"]
        reason = {"why": given["why"]} if "why" in given else {}
        return {"slug": given["slug"], "source": source, "build": build, **reason}


def _kind_of(offered: Mapping[str, Boxes]) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[(kind, boxes.label) for kind, boxes in offered.items()],
        label="Comes from",
        widget=forms.RadioSelect,
        initial=next(iter(offered)),
    )


def _sent_files(data: QueryDict) -> dict[str, str]:
    """Browsers send lines with CR LF; a file's text has the ends of lines that were typed."""
    sent = zip(data.getlist("file_path"), data.getlist("file_text"), strict=False)
    return {path.strip(): text.replace("\r\n", "\n") for path, text in sent if path.strip()}


def _initial(image: Image) -> dict[str, Any]:
    source, build = image.source, image.build
    boxes = {**KINDS, **OF_CONTAINER}.get(source["kind"])
    return {
        "slug": image.slug,
        "kind": source["kind"],
        **(boxes.initial(source) if boxes is not None else {}),
        "target": build.get("target") or "",
        "args": writing.pairs_text(build.get("args", {})),
        "secrets": writing.pairs_text(build.get("secrets", {})),
        "timeout": build.get("timeout"),
        "no_cache": build.get("no_cache", False),
    }
