"""Pages of the trail: the list with its filters, and whether the chain is whole."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from webapp.audit import services
from webapp.audit.models import Entry
from webapp.audit.reading import difference
from webapp.page import Form, PageRequest, choose_from, look, verb
from webapp.teams.models import Project, Team
from webapp.teams.policy import Actor, require_site_admin

SHOWN = 50
MAX_DEPTH = 10_000  # older ones are reached by the filters: counting millions for a pager helps nobody
OUTCOMES = (("", "any"), ("done", "done"), ("refused", "refused"))


class Filters(Form):
    """What of the trail is asked for; all of it may be left out."""

    actor = forms.CharField(label="Who", max_length=200, required=False)
    action = forms.CharField(label="Did", max_length=60, required=False, help_text="The beginning is enough: deploy")
    target = forms.CharField(label="To", max_length=200, required=False, help_text="A name or an id")
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="any")
    project = forms.ModelChoiceField(Project.objects.none(), required=False, empty_label="any")
    outcome = forms.ChoiceField(label="Outcome", choices=OUTCOMES, required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label="To the day", required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: QueryDict | None = None, *, actor: Actor) -> None:
        super().__init__(data)
        choose_from(self, "team", Team.objects.visible_to(actor))
        choose_from(self, "project", Project.objects.visible_to(actor).order_by("slug"))

    def chosen(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """Those among the entries that fit; none of them while the filters are not right."""
        if not self.is_valid():
            self.status = 400
            return entries.none()
        asked = self.cleaned_data
        lookups = {
            "actor": "actor__iexact",
            "action": "action__istartswith",
            "outcome": "outcome",
            "since": "at__date__gte",
            "until": "at__date__lte",
        }
        entries = entries.filter(**{lookup: asked[name] for name, lookup in lookups.items() if asked[name]})
        for name in ("team", "project"):
            if asked[name]:
                entries = entries.filter(**{f"{name}_id": asked[name].id})
        target = asked["target"]
        return entries.filter(target__icontains=target) | entries.filter(target_id=target) if target else entries


@look
def index(request: PageRequest) -> HttpResponse:
    """Who did what to what, newest first."""
    actor = request.actor
    filters = Filters(request.GET, actor=actor)
    entries = filters.chosen(Entry.objects.visible_to(actor))
    rows = Paginator(entries[:MAX_DEPTH], SHOWN).get_page(request.GET.get("page"))
    facts: dict[str, Any] = {
        "filters": filters,
        "rows": rows,
        "told": [(entry, difference(entry.before, entry.after)) for entry in rows],
        "more": _rest(request.GET),
        "admin": actor.site_admin,
        "filtered": any(filters.data.get(name) for name in filters.fields),
    }
    return render(request, "audit/index.html", facts, status=filters.status)


@verb
def verification(request: PageRequest) -> HttpResponse:
    """Walk the whole chain, and say whether it is whole."""
    require_site_admin(request.actor)
    found = services.verify()
    if found.ok:
        link = f"Its last link is {found.hash}: keep it elsewhere, to compare."
        messages.success(request, f"The chain is whole: {found.entries} entries. {link}")
    else:
        why = "the trail was changed behind Slipway's back."
        messages.error(request, f"Entry {found.broken_at} does not fit the one before: {why}")
    return redirect("audit")


def _rest(query: QueryDict) -> str:
    kept = query.copy()
    kept.pop("page", None)
    return f"&{kept.urlencode()}" if kept else ""
