"""The floor under every room's views: who asks, what they may see, and forms that carry a verb's findings back."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django import forms
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.request import HttpRequest
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from webapp.problems import Invalid, Refusal
from webapp.teams.models import Project
from webapp.teams.policy import Actor

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Model)


class PageRequest(HttpRequest):
    """A request of a signed-in person: what the middlewares have put on it."""

    actor: Actor
    htmx: HtmxDetails


Answer = HttpResponse | StreamingHttpResponse
View = Callable[Concatenate[PageRequest, P], Answer]
Served = Callable[Concatenate[HttpRequest, P], Answer]


def look(view: View[P]) -> Served[P]:
    """A page of signed-in people that takes no form."""
    return _for_people(view, "GET", "HEAD")


def page(view: View[P]) -> Served[P]:
    """A page of signed-in people that takes its own form."""
    return _for_people(view, "GET", "HEAD", "POST")


def verb(view: View[P]) -> Served[P]:
    """An act of signed-in people: POST only, answered by a redirect."""
    return _for_people(view, "POST")


def with_editor(served: Served[P]) -> Served[P]:
    """A page with the editor of texts: its elements, and those of no other page, may have style attributes."""
    allowing = csp_update({"style-src-attr": [UNSAFE_INLINE]})
    return cast(Served[P], allowing(cast(Any, served)))


def _for_people(view: View[P], *methods: str) -> Served[P]:
    @wraps(view)
    def served(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        asked = cast(PageRequest, request)
        if not request.user.is_authenticated:
            answer = redirect_to_login(request.get_full_path() if request.method != "POST" else "/")
            return HttpResponseClientRedirect(answer.url) if asked.htmx else answer
        return view(asked, *args, **kwargs)

    return never_cache(require_http_methods(methods)(served))


def find(rows: QuerySet[M], id: str) -> M:
    """The row among those that the actor may see, or 404: a stranger cannot tell what exists."""
    row = rows.filter(pk=id).first() if id.isprintable() else None  # PostgreSQL cannot compare with a NUL
    if row is None:
        raise Http404
    return row


def find_project(request: PageRequest, id: str) -> Project:
    """The project that a page is of, with its team, or 404."""
    return find(Project.objects.visible_to(request.actor).select_related("team"), id)


def way_to(project: Project) -> list[tuple[str, str]]:
    """The first crumbs of a project's pages, as `parts/project_page.html` has them: address and word."""
    return [(reverse("projects"), "Projects"), (reverse("board", args=[project.id]), project.name)]


def code_box(rows: int, **attrs: str) -> forms.Textarea:
    """A box for code, patterns, and whatever else has a meaning to the letter."""
    return forms.Textarea(attrs={"rows": rows, "class": "mono", "spellcheck": "false", **attrs})


class Form(forms.Form):
    """A form that checks nothing which its verb checks; it shows what the verb found, at the field it is about.

    `carries` maps the verb's field names to the form's where they differ; a longer name goes where its beginning does.
    `groups` names the sections of a long form, each with its fields; a short one has none.
    """

    carries: dict[str, str] = {}
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    below = ""  # a template of what stands between the sections and the button
    status = 200

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        self.add(self.fields)

    def add(self, fields: Mapping[str, forms.Field]) -> None:
        """These fields too, in the design system's dress."""
        for name, field in fields.items():
            _dress(field)
            self.fields[name] = field

    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Title and visible fields of each section; one without a title where there are no groups."""
        if not self.groups:
            return [("", self.visible_fields())]
        return [(title, [self[name] for name in names]) for title, names in self.groups]

    def attempt(self, act: Callable[[], T]) -> T | None:
        """What the verb answers; None when the input is not right or the verb refuses, which the form then shows."""
        if not self.is_valid():
            self.status = 422
            return None
        try:
            return act()
        except Invalid as refusal:
            self._note(refusal)
        except Refusal as refusal:
            for text in [refusal.detail, *refusal.reasons]:
                self.add_error(None, text)
            self.status = refusal.status
        return None

    def _note(self, refusal: Invalid) -> None:
        self.status = refusal.status
        for name, texts in refusal.errors.items():
            field, within = self._field_of(name)
            for text in texts:
                self.add_error(field, f"{self._said(field, within)}: {text}" if within else text)

    def _field_of(self, name: str) -> tuple[str | None, list[str]]:
        """The field that a finding is about, and what within it is meant."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            known = ".".join(parts[:end])
            known = self.carries.get(known, known)
            if known in self.fields:
                return known, parts[end:]
        return None, parts

    def _said(self, field: str | None, within: list[str]) -> str:
        """Where within a field, as people count: lines from one."""
        if field is not None and within[0].isdigit():
            count = "Line" if isinstance(self.fields[field].widget, forms.Textarea) else "Number"
            return ", ".join([f"{count} {int(within[0]) + 1}", *within[1:]])
        return ".".join(within)


def choose_from(form: forms.Form, name: str, rows: QuerySet[Any]) -> None:
    """Offer these rows in a field of choices: those that the actor may see."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(name)
    field.queryset = rows


def _dress(field: forms.Field) -> None:
    """The design system's class for each kind of input."""
    widget = field.widget
    if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.RadioSelect):
        look = "form-check-input"
    elif isinstance(widget, forms.Select):
        look = "form-select"
    else:
        look = "form-control"
    widget.attrs["class"] = f"{widget.attrs.get('class', '')} {look}".strip()
