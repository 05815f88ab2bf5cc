"""Forms of hooks."""

from typing import Any

from django import forms
from django.http import QueryDict

from webapp import writing
from webapp.hooks.models import Hook
from webapp.images.models import Image
from webapp.page import Form, choose_from, code_box
from webapp.teams.models import Project

LONG = 20_000  # the verbs say the real limits
KINDS = (("github", "GitHub"), ("gitlab", "GitLab"), ("gitea", "Gitea or Forgejo"), ("generic", "anything that signs"))


def _patterns(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(required=False, max_length=LONG, label=label, help_text=help_text, widget=code_box(3))


class FilterForm(Form):
    """Which events build."""

    branches = _patterns("Branches", "One pattern a line, such as main or release/*. None: no branch builds.")
    tags = _patterns("Tags", "Such as v*. None: no tag builds.")
    paths = _patterns("Changed paths", "Build a branch only if one of these was changed, such as shop/*. None: any.")
    enabled = forms.BooleanField(required=False, label="Switched on")

    def __init__(self, data: QueryDict | None = None, *, hook: Hook | None = None) -> None:
        super().__init__(data, initial=_filters(hook))

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = dict(self.cleaned_data)
        return {**given, **{name: writing.lines(given[name]) for name in ("branches", "tags", "paths")}}


class HookForm(FilterForm):
    """A new hook."""

    image = forms.ModelChoiceField(Image.objects.none(), empty_label=None, help_text="It must come from Git.")
    name = forms.CharField(max_length=500, help_text="A short name. Builds are asked for by “hook NAME”.")
    kind = forms.ChoiceField(label="Sender", choices=KINDS)
    field_order = ("image", "name", "kind", "branches", "tags", "paths", "enabled")

    def __init__(self, data: QueryDict | None = None, *, project: Project, image: str = "") -> None:
        super().__init__(data)
        self.initial["image"] = image or None
        choose_from(self, "image", of_git(project))


def of_git(project: Project) -> Any:
    """The images that can have a hook."""
    return Image.objects.filter(project=project, source__kind="git")


def _filters(hook: Hook | None) -> dict[str, Any]:
    if hook is None:
        return {"branches": "*", "enabled": True}
    patterns = {name: "\n".join(getattr(hook, name)) for name in ("branches", "tags", "paths")}
    return {**patterns, "enabled": hook.enabled}
