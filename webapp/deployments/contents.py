"""What is in projects, for the list of them (`webapp.teams.contents.Counting`)."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Count, QuerySet

from webapp.deployments.models import Service
from webapp.environments.models import Environment
from webapp.images.models import Image
from webapp.teams.contents import Contents
from webapp.teams.models import Project


def contents(projects: Collection[Project]) -> Mapping[str, Contents]:
    """Services, images and environments of each."""
    ids = [project.id for project in projects]
    services, images = _by_project(Service.objects.all(), ids), _by_project(Image.objects.all(), ids)
    environments = _by_project(Environment.objects.all(), ids)
    return {id: Contents(services.get(id, 0), images.get(id, 0), environments.get(id, 0)) for id in ids}


def _by_project(rows: QuerySet[Any], ids: list[str]) -> dict[str, int]:
    return dict(rows.filter(project__in=ids).order_by().values_list("project").annotate(Count("id")))
