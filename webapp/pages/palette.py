"""What the palette finds: every place that a person may go, by name."""

from django.urls import reverse

from webapp.deployments.models import Service
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.images.models import Image
from webapp.pages.of_project import PAGES
from webapp.teams.models import Project, Team
from webapp.teams.policy import Action, Actor, may

MAX_OF_A_KIND = 200

Found = dict[str, str]


def entries_for(actor: Actor) -> list[Found]:
    """Each with `title`, `hint` and `url`; acts first, then the places, of each kind the first `MAX_OF_A_KIND`."""
    projects = list(Project.objects.visible_to(actor).select_related("team").order_by("slug")[:MAX_OF_A_KIND])
    return [*_acts(actor, projects), *_lists(), *_places(projects), *_things(actor)]


def _entry(title: str, hint: str, name: str, id: str = "") -> Found:
    return {"title": title, "hint": hint, "url": reverse(name, args=[id] if id else [])}


def _lists() -> list[Found]:
    lists = (
        ("Projects", "projects"),
        ("Hosts", "hosts"),
        ("Isolation profiles", "isolation_profiles"),
        ("Teams", "teams"),
        ("Tokens", "tokens"),
        ("Audit", "audit"),
        ("API", "api-docs"),
        ("Your account", "account"),
    )
    return [_entry(title, "list", name) for title, name in lists]


def _acts(actor: Actor, projects: list[Project]) -> list[Found]:
    acts = [_entry("New team", "make", "team_new"), _entry("Join a team", "with a code", "invitation_accept")]
    if any(may(actor, Action.DEFINE, team) for team in Team.objects.visible_to(actor)):
        acts.append(_entry("New project", "make", "project_new"))
    if actor.site_admin:
        acts.append(_entry("Enroll a host", "make", "host_enroll"))
        acts.append(_entry("People", "list, add, deactivate", "people"))
    for project in projects:
        if may(actor, Action.DEFINE, project):
            acts.append(_entry("New image", f"in {project.name}", "image_new", project.id))
            acts.append(_entry("New service", f"in {project.name}", "service_new", project.id))
        if may(actor, Action.OPERATE, project):
            acts.append(_entry("New environment", f"in {project.name}", "environment_new", project.id))
    return acts


def _places(projects: list[Project]) -> list[Found]:
    found = []
    for project in projects:
        where = f"{project.team.slug}/{project.slug}"
        found.append(_entry(project.name, f"board of {where}", "board", project.id))
        found += [_entry(f"{title} of {project.name}", where, name, project.id) for title, name in PAGES[1:]]
    return found


def _things(actor: Actor) -> list[Found]:
    services = Service.objects.visible_to(actor).select_related("project").order_by("slug")[:MAX_OF_A_KIND]
    images = Image.objects.visible_to(actor).select_related("project").order_by("slug")[:MAX_OF_A_KIND]
    environments = Environment.objects.visible_to(actor).select_related("project")[:MAX_OF_A_KIND]
    return [
        *(_entry(each.slug, f"service in {each.project.name}", "service", each.id) for each in services),
        *(_entry(each.slug, f"image in {each.project.name}", "image", each.id) for each in images),
        *(_entry(each.slug, f"environment of {each.project.name}", "environment", each.id) for each in environments),
        *(_entry(each.name, "host", "host", each.id) for each in Host.objects.visible_to(actor)[:MAX_OF_A_KIND]),
        *(_entry(each.name, "team", "team", each.id) for each in Team.objects.visible_to(actor)[:MAX_OF_A_KIND]),
    ]
