"""Pages of retention: the rule of a project or an image, what it would do now, and what hosts were told."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now

from webapp.holdings.models import Forgetting
from webapp.images.models import Image
from webapp.page import PageRequest, find, find_project, page, verb
from webapp.registries.models import Erasure
from webapp.retention import services
from webapp.retention.forms import RuleForm, words_of
from webapp.retention.gathering import ImagePlan
from webapp.retention.models import RetentionRule
from webapp.teams.models import Project
from webapp.teams.policy import Action, may

SHOWN_FORGETTINGS = 20
SHOWN_ERASURES = 10
SHOWN_BUILDS = 100  # of an image that go, and that stay


@page
def of_project(request: PageRequest, id: str) -> HttpResponse:
    """The rule of a project's images."""
    return _page(request, find_project(request, id), None)


@page
def of_image(request: PageRequest, id: str) -> HttpResponse:
    """The rule of one image."""
    image = _image(request, id)
    return _page(request, image.project, image)


@verb
def run_project(request: PageRequest, id: str) -> HttpResponse:
    """Remove now what the project's rule lets go."""
    return _run(request, find_project(request, id), None)


@verb
def run_image(request: PageRequest, id: str) -> HttpResponse:
    """Remove now what the image's rule lets go."""
    image = _image(request, id)
    return _run(request, image.project, image)


@verb
def clear_project(request: PageRequest, id: str) -> HttpResponse:
    """Keep everything from now on."""
    project = find_project(request, id)
    services.clear_rule(actor=request.actor, project=project)
    return redirect("retention", id)


@verb
def clear_image(request: PageRequest, id: str) -> HttpResponse:
    """Follow the project's rule again."""
    image = _image(request, id)
    services.clear_rule(actor=request.actor, project=image.project, image=image)
    return redirect("image_retention", id)


def _page(request: PageRequest, project: Project, image: Image | None) -> HttpResponse:
    rules = {rule.image_id: rule for rule in RetentionRule.objects.filter(project=project)}
    own = rules.get(image.id if image is not None else None)
    tries = "keep" in request.GET
    asked = request.POST or (request.GET if tries else None)
    form = RuleForm(asked, initial=words_of(own or rules.get(None)))
    if request.method == "POST":
        rule = form.attempt(
            lambda: services.set_rule(
                actor=request.actor, project=project, image=image, settings=form.settings(), now=now()
            )
        )
        if rule is not None:
            return redirect("image_retention", image.id) if image is not None else redirect("retention", project.id)
    plans = _plans(project, image, form if tries and request.method != "POST" else None)
    facts: dict[str, Any] = {"project": project, "image": image, "form": form, "rule": own, "tries": tries}
    facts["inherited"] = rules.get(None) if image is not None else None
    facts["own_rules"] = Image.objects.filter(project=project, id__in=[id for id in rules if id]) if not image else ()
    facts |= _shown(plans)
    facts["forgettings"] = Forgetting.objects.filter(project=project).select_related("host")[:SHOWN_FORGETTINGS]
    erasures = Erasure.objects.filter(project=project).select_related("registry")
    facts["erasures"] = erasures[:SHOWN_ERASURES]
    facts["operates"] = may(request.actor, Action.OPERATE, project)
    return render(request, "retention/show.html", facts, status=form.status)


def _plans(project: Project, image: Image | None, tried: RuleForm | None) -> list[ImagePlan]:
    if tried is None:
        return services.dry_run(project=project, image=image, now=now())
    found = tried.attempt(lambda: services.dry_run(project=project, image=image, settings=tried.settings(), now=now()))
    return found or []


def _shown(plans: list[ImagePlan]) -> dict[str, Any]:
    rows = [(plan, plan.gone[:SHOWN_BUILDS], plan.kept[:SHOWN_BUILDS]) for plan in plans if plan.gone or plan.kept]
    return {
        "plans": rows,
        "going": sum(len(plan.gone) for plan in plans),
        "frees": sum(plan.frees for plan in plans),
        "leaving": sum(len(plan.leaves) for plan in plans),
        "leaving_frees": sum(plan.leaves_frees for plan in plans),
    }


def _run(request: PageRequest, project: Project, image: Image | None) -> HttpResponse:
    plans = services.apply(actor=request.actor, project=project, image=image, now=now())
    count = sum(len(plan.gone) for plan in plans)
    what = (
        "Nothing had to go." if not count else f"{count} build{'s' if count > 1 else ''} let go; hosts remove them now."
    )
    messages.success(request, what)
    return redirect("image_retention", image.id) if image is not None else redirect("retention", project.id)


def _image(request: PageRequest, id: str) -> Image:
    return find(Image.objects.visible_to(request.actor).select_related("project__team"), id)
