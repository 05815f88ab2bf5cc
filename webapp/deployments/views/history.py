"""The page of a project's deployments: all of them, newest first, with filters."""

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from runtime.contract import states
from webapp.deployments.models import Deployment, Service
from webapp.environments.models import Environment
from webapp.page import Form, PageRequest, choose_from, find_project, look
from webapp.teams.models import Project
from webapp.teams.policy import Action, may

SHOWN = 50
MAX_DEPTH = 10_000  # older ones are reached by the filters
STATES = (("", "any"), *((state, state.replace("_", " ")) for state in states.DEPLOYMENT))


class Filters(Form):
    """What of the history is asked for; all of it may be left out."""

    service = forms.ModelChoiceField(Service.objects.none(), required=False, empty_label="any")
    environment = forms.ModelChoiceField(Environment.objects.none(), required=False, empty_label="any")
    state = forms.ChoiceField(choices=STATES, required=False)

    def __init__(self, data: QueryDict, *, project: Project) -> None:
        super().__init__(data)
        choose_from(self, "service", Service.objects.filter(project=project))
        choose_from(self, "environment", Environment.objects.filter(project=project).order_by("rank"))

    def chosen(self, rows: QuerySet[Deployment]) -> QuerySet[Deployment]:
        """Those that fit; none of them while the filters are not right."""
        if not self.is_valid():
            self.status = 400
            return rows.none()
        return rows.filter(**{name: value for name, value in self.cleaned_data.items() if value})


@look
def index(request: PageRequest, id: str) -> HttpResponse:
    """Who ran what where, and how it ended."""
    project = find_project(request, id)
    filters = Filters(request.GET, project=project)
    rows = Deployment.objects.filter(service__project=project)
    chosen = filters.chosen(rows.select_related("service", "environment", "release__build").defer("plan"))
    kept = request.GET.copy()
    kept.pop("page", None)
    facts = {
        "project": project,
        "filters": filters,
        "filtered": any(filters.data.get(name) for name in filters.fields),
        "rows": Paginator(chosen[:MAX_DEPTH], SHOWN).get_page(request.GET.get("page")),
        "more": f"&{kept.urlencode()}" if kept else "",
        "deploys": may(request.actor, Action.DEPLOY, project),
    }
    return render(request, "deployments/index.html", facts, status=filters.status)
