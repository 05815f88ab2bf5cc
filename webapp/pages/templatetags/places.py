"""How pages write the places of a project."""

from typing import Any

from django import template
from django.urls import reverse

from webapp.pages.of_project import ENTRIES, entry_of
from webapp.teams.models import Project

register = template.Library()


@register.inclusion_tag("parts/project_tabs.html")
def project_tabs(project: Project, here: str) -> dict[str, Any]:
    """The tabs, and below them the pages of the present one where it has several. `here` names the present address."""
    present = entry_of(here)
    pages = present.pages if present is not None and len(present.pages) > 1 else ()
    return {
        "tabs": [(entry.title, reverse(entry.pages[0].name, args=[project.id]), entry == present) for entry in ENTRIES],
        "title": present.title if present is not None else "",
        "pages": [(page.title, reverse(page.name, args=[project.id]), page.name == here) for page in pages],
    }
