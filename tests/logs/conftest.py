"""One project with one log, and a real Redis."""

import pytest

from tests.redis_rig import redis_server, redis_url
from webapp.logs.models import Log
from webapp.teams.models import Project, Team

__all__ = ["redis_server", "redis_url"]


@pytest.fixture
def project(db: None) -> Project:
    team = Team.objects.create(slug="shop", name="Shop")
    return Project.objects.create(team=team, slug="web", name="Web shop")


@pytest.fixture
def log(project: Project, redis_url: str) -> Log:
    return Log.objects.create(project=project, kind="build")
