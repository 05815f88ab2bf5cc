"""The fixed cast: who appears in every test of rights, and where they meet.

`owner`, `operator`, `developer` and `viewer` belong to team `shop`; `stranger` owns another team, `rivals`; `admin` is
the site admin and belongs to none. Host `local` is enrolled, ready and serves every team.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.utils.timezone import now

from webapp.environments.models import Environment
from webapp.environments.services import create_environment
from webapp.hosts.models import Host
from webapp.hosts.services import enroll
from webapp.teams.models import Membership, Project, Role, Team, Token, User
from webapp.teams.policy import SYSTEM, Actor, actor_for_user
from webapp.teams.services import create_project, create_token

PASSWORD = "a long enough sentence"
ROLES = ("owner", "operator", "developer", "viewer")
EVERYBODY = (*ROLES, "stranger", "admin")
FACTS: dict[str, Any] = {
    "name": "docker",
    "version": "27.0.1",
    "api_version": "1.46",
    "storage_driver": "overlay2",
    "cgroup_version": "2",
    "builder": "buildx",
    "kernel": "6.1.0",
    "operating_system": "Debian GNU/Linux 12",
    "cpus": 4,
    "memory": 8 * 1024**3,
    "disk_total": 100 * 1024**3,
    "disk_free": 60 * 1024**3,
    "runtimes": ["runc"],
}


@dataclass
class Cast:
    """The people, their team's project with three environments, the host, and a rival team with its own."""

    users: dict[str, User]
    team: Team
    rivals: Team
    project: Project
    foreign_project: Project
    dev: Environment
    staging: Environment
    production: Environment
    foreign_environment: Environment
    host: Host
    host_credential: str
    clients: dict[str, Client] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        """The actor of this person, with the roles they hold now."""
        return actor_for_user(User.objects.get(id=self.users[name].id), ip="192.0.2.7", request_id="test")

    def client(self, name: str) -> Client:
        """A browser in which this person is signed in; the same one each time."""
        if name not in self.clients:
            self.clients[name] = Client()
            self.clients[name].force_login(self.users[name])
        return self.clients[name]

    def token(self, name: str, *scopes: str, **more: Any) -> tuple[Token, str]:
        """A token of this person and its secret. Without scopes: admin, which is all that the person may."""
        chosen: Sequence[str] = scopes or ("admin",)
        return create_token(actor=SYSTEM, name=f"{name}'s", scopes=chosen, user=self.users[name], **more)

    def bearer(self, name: str, *scopes: str, **more: Any) -> Client:
        """A program with a fresh token of this person."""
        _, secret = self.token(name, *scopes, **more)
        return Client(headers={"Authorization": f"Bearer {secret}"})


@dataclass(frozen=True)
class Played:
    """The cast as it was made, and every row of it."""

    cast: Cast
    rows: dict[str, list[tuple[Any, ...]]]


def make_user(name: str, *, site_admin: bool = False) -> User:
    """An account with the password that everybody here has."""
    user = User(username=name, is_superuser=site_admin)
    user.set_password(PASSWORD)
    user.save()
    return user


def make_ready(host: Host) -> Host:
    """As if its agent had just said that all is well."""
    host.facts, host.engine_answers, host.connected = FACTS, True, True
    host.version, host.last_heard_at = "0.1.0", now()
    host.save()
    return host


def make_cast() -> Cast:
    """Everybody and everything, by the same verbs as in life."""
    users = {name: make_user(name, site_admin=name == "admin") for name in EVERYBODY}
    team = Team.objects.create(slug="shop", name="Shop")
    rivals = Team.objects.create(slug="rivals", name="Rivals")
    for name in ROLES:
        Membership.objects.create(team=team, user=users[name], role=name)
    Membership.objects.create(team=rivals, user=users["stranger"], role=Role.OWNER)
    owner, stranger = actor_for_user(users["owner"]), actor_for_user(users["stranger"])
    host, credential = enroll(actor=SYSTEM, name="local", every_team=True)
    make_ready(host)
    project = create_project(actor=owner, team=team, slug="web", name="Web shop")
    foreign = create_project(actor=stranger, team=rivals, slug="web", name="Their shop")
    dev = create_environment(actor=owner, project=project, slug="dev", rank=1, hosts=[host])
    staging = create_environment(actor=owner, project=project, slug="staging", rank=2, hosts=[host])
    production = create_environment(
        actor=owner,
        project=project,
        slug="production",
        rank=3,
        protected=True,
        required_approvals=1,
        allow_skipping=True,  # most tests are about something else than the way there
        hosts=[host],
    )
    theirs = create_environment(actor=stranger, project=foreign, slug="dev", rank=1, hosts=[host])
    return Cast(users, team, rivals, project, foreign, dev, staging, production, theirs, host, credential)


@pytest.fixture(scope="session")
def first_night() -> list[Played]:
    """What the cast was the first time; empty before."""
    return []


@pytest.fixture
def cast(db: None, first_night: list[Played]) -> Cast:
    """Made by the verbs the first time, set again as the same rows from then on: hundreds of tests begin with it."""
    if connection.vendor != "sqlite":
        return make_cast()
    if not first_night:
        made = make_cast()
        first_night.append(Played(copy.deepcopy(made), _everything()))
        return made
    played = first_night[0]
    with transaction.atomic(), connection.cursor() as cursor:
        for insert, rows in played.rows.items():
            cursor.executemany(insert, rows)
    again = copy.deepcopy(played.cast)
    make_ready(again.host)
    return again


def _everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row there is, by the statement that makes it."""
    kept = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')  # noqa: S608
            rows = cursor.fetchall()
            if rows:
                places = ", ".join(["%s"] * len(rows[0]))
                kept[f'INSERT OR IGNORE INTO "{model._meta.db_table}" VALUES ({places})'] = rows  # noqa: S608
    return kept
