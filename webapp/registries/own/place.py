"""Where the own registry is, which part of it is whose, and its row in the registries of each team."""

from django.conf import settings
from django.db import transaction

from webapp.registries.models import Registry
from webapp.teams.models import Project, Team

PREFIX_TAIL = 6


def address() -> str:
    """host:port under which hosts know it; empty when there is none."""
    return str(settings.OWN_REGISTRY)


def prefix_of(team: Team) -> str:
    """What the names of the team's repositories begin with. Its id makes sure that no later team has the same."""
    return f"{team.slug}-{team.id[-PREFIX_TAIL:]}"


def repository_of(project: Project, slug: str) -> str:
    """Where the builds of an image go."""
    return f"{prefix_of(project.team)}/{project.slug}/{slug}"


def is_within(project: Project, repository: str) -> bool:
    """Does the repository lie in this project's part of it?"""
    return repository.startswith(f"{prefix_of(project.team)}/{project.slug}/")


def row_for(team: Team) -> Registry | None:
    """The own registry as this team knows it, made when it is asked for first; None when there is none."""
    if not address():
        return None
    fields = {"plain": not settings.OWN_REGISTRY_CERTIFICATE, "prefix": prefix_of(team), "address": address()}
    with transaction.atomic():
        row = Registry.objects.filter(team=team, own=True).first()
        if row is None:  # perhaps somebody had named it by hand
            row = Registry.objects.filter(team=team, project=None, address=address()).first()
            fields |= {"own": True, "username": "", "password": b"", "complaint": ""}
        if row is None:
            return Registry.objects.create(team=team, project=None, **fields)
        if any(getattr(row, name) != value for name, value in fields.items()):
            Registry.objects.filter(id=row.id).update(**fields)
            row.refresh_from_db()
    return row


def keep_rows() -> int:
    """Every team knows it; how many learned of it now."""
    if not address():
        return 0
    known = Registry.objects.filter(own=True, address=address()).values("team")
    return sum(row_for(team) is not None for team in Team.objects.exclude(id__in=known))
