"""Forms of images and builds: text boxes in, the verbs' definitions out."""

from typing import Any

from django import forms
from django.http import QueryDict

from webapp import writing
from webapp.images.models import Image
from webapp.images.validation import DEFAULT_TIMEOUT
from webapp.page import Form

LONG = 256 * 1024  # characters; the verb counts bytes
SHORT = 2000
EMPTY_FILES = 2  # boxes for new ones

EDITOR = {"data-editor": "dockerfile", "data-lint": "/api/v1/dockerfile-checks/", "data-findings": "findings"}


def _area(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "mono", "spellcheck": "false", **attrs})


class ImageForm(Form):
    """Where an image comes from and how it is built. Files stand beside the form as pairs of boxes."""

    carries = {
        "source.kind": "kind",
        "source.dockerfile": "dockerfile",
        "source.url": "url",
        "source.ref": "ref",
        "source.directory": "directory",
        "source.credential": "credential",
        "source.reference": "reference",
        "build.args": "args",
        "build.secrets": "secrets",
        "build.target": "target",
        "build.timeout": "timeout",
        "build.no_cache": "no_cache",
    }

    slug = forms.CharField(label="Short name", max_length=SHORT, help_text="Lower-case letters, digits and hyphens.")
    kind = forms.ChoiceField(
        choices=[
            ("dockerfile", "a Dockerfile, written here"),
            ("git", "a Git repository"),
            ("reference", "an image in a registry"),
        ],
        label="Comes from",
    )
    dockerfile = forms.CharField(
        required=False,
        strip=False,
        max_length=LONG,
        widget=_area(12, **EDITOR),
        label="Dockerfile",
        initial="FROM slipway/busybox:1\n",
    )
    url = forms.CharField(required=False, max_length=SHORT, label="Git: address", help_text="By https.")
    ref = forms.CharField(required=False, max_length=SHORT, label="Git: branch, tag or commit")
    directory = forms.CharField(required=False, max_length=SHORT, label="Git: folder")
    path = forms.CharField(required=False, max_length=SHORT, label="Git: name of the Dockerfile")
    credential = forms.CharField(
        required=False,
        max_length=SHORT,
        label="Git: secret with user:password",
        help_text="The name of a secret of the project that is for fetching sources.",
    )
    reference = forms.CharField(
        required=False,
        max_length=SHORT,
        label="Name of the image",
        help_text="registry/repository:tag or @sha256:…; nginx:1.27 is one of docker.io. Each build looks a tag up "
        "anew and pins the digest that it names then.",
    )
    target = forms.CharField(required=False, max_length=SHORT, label="Stage to build")
    args = forms.CharField(
        required=False,
        widget=_area(3),
        max_length=LONG,
        label="Build arguments",
        help_text="NAME=value, one a line. They stay readable in the image: a secret is mounted, below.",
    )
    secrets = forms.CharField(
        required=False,
        widget=_area(2),
        max_length=LONG,
        label="Build secrets",
        help_text="mount=NAME, one a line: the id in RUN --mount=type=secret,id=mount, and a secret of the project "
        "that is for building. The image does not keep them.",
    )
    timeout = forms.IntegerField(required=False, label="Seconds it may take", initial=DEFAULT_TIMEOUT)
    no_cache = forms.BooleanField(required=False, label="Build every step anew, without the cache")

    def __init__(self, data: QueryDict | None = None, *, image: Image | None = None) -> None:
        super().__init__(data, initial=_initial(image) if image is not None else None)
        if data is not None and data.get("kind") == "git":
            self.carries = {**self.carries, "source.dockerfile": "path"}  # its name there, not its text
        known = image.source.get("files", {}) if image is not None else {}
        given = _sent_files(data) if data is not None else known
        self.files_given: dict[str, str] = given
        self.boxes = [*given.items(), *[("", "")] * EMPTY_FILES]

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = self.cleaned_data
        if given["kind"] == "dockerfile":
            text = given["dockerfile"].replace("\r\n", "\n")
            source = {"kind": "dockerfile", "dockerfile": text, "files": self.files_given}
        elif given["kind"] == "reference":
            source = {"kind": "reference", "reference": given["reference"].strip()}
        else:
            source = {"kind": "git", "url": given["url"], "ref": given["ref"] or None}
            named = {"directory": "directory", "path": "dockerfile", "credential": "credential"}
            source |= {field: given[name] for name, field in named.items() if given[name]}
        build: dict[str, Any] = {"args": writing.pairs(given["args"]), "no_cache": given["no_cache"]}
        if secrets := writing.pairs(given["secrets"]):
            build["secrets"] = secrets
        build["target"] = given["target"] or None
        if given["timeout"] is not None:
            build["timeout"] = given["timeout"]
        return {"slug": given["slug"], "source": source, "build": build}


def _sent_files(data: QueryDict) -> dict[str, str]:
    """Browsers send lines with CR LF; a file's text has the ends of lines that were typed."""
    sent = zip(data.getlist("file_path"), data.getlist("file_text"), strict=False)
    return {path.strip(): text.replace("\r\n", "\n") for path, text in sent if path.strip()}


def _initial(image: Image) -> dict[str, Any]:
    source, build = image.source, image.build
    inline, git = (source["kind"] == kind for kind in ("dockerfile", "git"))
    return {
        "slug": image.slug,
        "kind": source["kind"],
        "dockerfile": source["dockerfile"] if inline else "",
        "path": source["dockerfile"] if git else "",
        **{name: source.get(name) or "" for name in ("url", "ref", "directory", "credential", "reference")},
        "target": build.get("target") or "",
        "args": writing.pairs_text(build.get("args", {})),
        "secrets": writing.pairs_text(build.get("secrets", {})),
        "timeout": build.get("timeout"),
        "no_cache": build.get("no_cache", False),
    }


class BuildForm(Form):
    """What differs for one build."""

    ref = forms.CharField(required=False, max_length=SHORT, label="Branch, tag or commit")
    args = forms.CharField(
        required=False, widget=_area(3), max_length=LONG, label="Build arguments", help_text="NAME=value, one a line."
    )
    no_cache = forms.BooleanField(required=False, label="Build every step anew, without the cache")

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = self.cleaned_data
        return {
            "ref": given["ref"] or None,
            "args": writing.pairs(given["args"]) or None,
            "no_cache": given["no_cache"],
        }
