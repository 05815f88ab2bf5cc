"""No way round the gate: every verb and every address there is, found where they are made, by everybody.

Every environment is protected and asks for two approvals. Whatever is called, sent or asked for, what is wanted and
what hosts were told stays as it was, unless it is an emergency, by somebody with the right, with a reason.
"""

import contextlib
import inspect
import json
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from tests.cast import EVERYBODY, Cast, make_ready
from tests.deployments.rig import Harbour
from tests.deployments.rules import a_reason
from tests.pages.rules import RULES as PAGE_RULES
from tests.pages.test_every_page import address
from tests.rest.rules import RULES as API_RULES
from tests.rest.walk import Rule, undone
from webapp.deployments import services
from webapp.deployments.models import Deployment, DesiredState, Replica, Service
from webapp.environments.models import Environment
from webapp.jobs import dispatch
from webapp.jobs.models import Job
from webapp.problems import Forbidden, Refusal
from webapp.teams.models import Role
from webapp.teams.policy import Actor, HookBearer, actor_for_hook, actor_for_token
from webapp.teams.services import create_token

pytestmark = pytest.mark.thorough

# Of volumes, hosts and second hosts: their addresses are tried below like all others, the rest in test_leaving.
ELSEWHERE = {"move", "restore", "evacuate", "leave_host", "move_by_themselves", "remove_host"}
CHANGING = ("post", "put", "patch", "delete")
MAY_HURRY = {"owner", "operator", "token of owner", "token of operator"}


def wanted() -> dict[str, Any]:
    """What is to run, and what hosts were told to do about it."""
    return {
        "desired": list(
            DesiredState.objects.order_by("id").values_list("id", "release", "replicas", "stopped", "generation")
        ),
        "replicas": list(Replica.objects.exclude(desired="gone").order_by("id").values_list("id", "desired")),
        "orders": Job.objects.filter(kind="converge_service").count(),
        "under way": Deployment.objects.filter(state__in=("queued", "rolling")).count(),
    }


def guard_everything() -> None:
    Environment.objects.update(protected=True, required_approvals=2)


def everybody(cast: Cast) -> dict[str, Actor]:
    """Each person by session and by token, a team's token of each role, a hook, and the site admin among them."""
    actors = {name: cast.actor(name) for name in EVERYBODY}
    for name in EVERYBODY:
        actors[f"token of {name}"] = actor_for_token(cast.token(name)[0])
    for role in Role.values:
        token, _ = create_token(actor=cast.actor("owner"), name=role, scopes=["admin"], team=cast.team, role=role)
        actors[f"team's {role}"] = actor_for_token(token)
    bearer = HookBearer(id="hook", name="pushes", project_id=cast.project.id)
    return actors | {"a hook": actor_for_hook(bearer)}


@pytest.fixture
def running(harbour: Harbour) -> Harbour:
    """Two releases have run in dev and staging, and one more waits for its approvals in staging."""
    for environment in (harbour.cast.dev, harbour.cast.staging):
        harbour.deployed(environment)
        harbour.deployed(environment)
    guard_everything()
    return harbour


def verbs() -> dict[str, Any]:
    """Every public verb of this room: what is not in `__all__` is not called from outside (the walls see to that)."""
    return {name: getattr(services, name) for name in services.__all__}


def tried_here() -> dict[str, Any]:
    """Those that the harbour has everything for."""
    return {name: verb for name, verb in verbs().items() if name not in ELSEWHERE}


def given(harbour: Harbour, verb: Any) -> dict[str, Any]:
    """Something for each parameter, by its name; a name that is new here has to be thought about."""
    cast, taken = harbour.cast, inspect.signature(verb).parameters
    make_ready(cast.host)  # a slow run takes longer than a host may be silent
    staging = Environment.objects.get(id=cast.staging.id)
    here = {"service": harbour.service, "environment": staging}
    last = Deployment.objects.filter(**here, state="succeeded").latest("created_at")
    left = Deployment.objects.filter(environment=cast.dev, state="succeeded").latest("created_at")
    waiting = Deployment.objects.filter(**here, state="awaiting_approval").first()
    meant = {"promote": left, "preview_promotion": left, "roll_back": last, "preview_rollback": last}
    values: dict[str, Any] = {
        "project": cast.project,
        "service": Service.objects.get(id=harbour.service.id),
        "environment": staging,
        "image": harbour.image,
        "slug": "fore",
        "settings": {"replicas": 5},
        "overrides": {},
        "deployment": meant.get(verb.__name__, waiting or last),
        "build": last.release.build,
        "replica": harbour.replicas(staging)[0],
        "replicas": 4,
        "plan_hash": waiting.plan_hash if waiting is not None else "0" * 64,
        "comment": "now",
        "digest": None,
        "release": None,
        "emergency": "",
        "queue": True,
    }
    return {name: values[name] for name in taken if name != "actor"}


@pytest.mark.parametrize("waits", [False, True], ids=["nothing waits", "one waits"])
def test_no_verb_changes_what_is_wanted_whoever_calls_it(running: Harbour, waits: bool) -> None:
    if waits:
        services.stop(actor=running.cast.actor("owner"), service=running.service, environment=_staging(running))
    actors, before, tried = everybody(running.cast), wanted(), 0
    for name, verb in tried_here().items():
        if "actor" not in inspect.signature(verb).parameters:
            continue
        for who, actor in actors.items():
            with undone():
                with contextlib.suppress(Refusal):
                    verb(actor=actor, **given(running, verb))
                assert wanted() == before, f"{who}: {name}"
                tried += 1
    assert tried > 200


def test_every_verb_that_asks_knows_the_emergency_and_only_who_may_has_one(running: Harbour) -> None:
    hurried = {name for name, verb in verbs().items() if "emergency" in inspect.signature(verb).parameters}
    answers = {name for name, verb in verbs().items() if inspect.signature(verb).return_annotation is Deployment}
    assert answers - hurried == {"approve", "reject", "cancel", "replan", "review"}  # of one that is there
    services.stop(actor=running.cast.actor("owner"), service=running.service, environment=_staging(running))
    actors, before = everybody(running.cast), wanted()
    for name in hurried - ELSEWHERE:
        for who, actor in actors.items():
            with undone():
                asked = {**given(running, verbs()[name]), **a_reason(running.cast)}
                if who in MAY_HURRY:
                    made = verbs()[name](actor=actor, **asked)
                    assert (made.state, made.review_owed) == ("queued", True), f"{who}: {name}"
                    continue
                with pytest.raises(Forbidden):
                    verbs()[name](actor=actor, **asked)
                assert wanted() == before, f"{who}: {name}"


def _staging(harbour: Harbour) -> Environment:
    environment: Environment = Environment.objects.get(id=harbour.cast.staging.id)
    return environment


def changing(rules: tuple[Rule, ...]) -> list[Rule]:
    """Rules cover every address: tests/rest and tests/pages fail for one without."""
    return [rule for rule in rules if rule.method in CHANGING]


def credentials(cast: Cast) -> dict[str, Client]:
    found = {name: cast.client(name) for name in EVERYBODY}
    for name in EVERYBODY:
        found[f"token of {name}"] = cast.bearer(name)
    for role in Role.values:
        _, secret = create_token(actor=cast.actor("owner"), name=role, scopes=["admin"], team=cast.team, role=role)
        found[f"team's {role}"] = Client(headers={"Authorization": f"Bearer {secret}"})
    return found


@pytest.fixture
def quiet(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)


@pytest.mark.parametrize("rule", changing(API_RULES), ids=lambda rule: f"{rule.method} {rule.route}")
def test_no_endpoint_changes_what_is_wanted(rule: Rule, cast: Cast, quiet: None) -> None:
    url, body = reverse(rule.route, kwargs=rule.where(cast)), rule.body(cast)
    guard_everything()
    before = wanted()
    for who, client in credentials(cast).items():
        with undone():
            answer = client.generic(rule.method.upper(), url, json.dumps(body).encode(), "application/json")
            hurried = "emergency" in body and who in MAY_HURRY and answer.status_code == 202
            assert hurried or wanted() == before, f"{who}: {answer.status_code} {answer.content[:300]!r}"


@pytest.mark.parametrize("rule", changing(PAGE_RULES), ids=lambda rule: rule.route)
def test_no_page_changes_what_is_wanted(rule: Rule, cast: Cast, quiet: None) -> None:
    url, body = address(rule.route, rule.where(cast)), rule.body(cast)
    guard_everything()
    before = wanted()
    for who in EVERYBODY:
        with undone():
            answer = cast.client(who).post(url, body)
            hurried = bool(body.get("emergency")) and who in MAY_HURRY and answer.status_code == 302
            assert hurried or wanted() == before, f"{who}: {answer.status_code}"


def test_what_is_looked_at_here_can_change(running: Harbour) -> None:
    """The very look would notice: where nothing guards, what is wanted changes."""
    Environment.objects.update(protected=False, required_approvals=0)
    before = wanted()
    services.stop(actor=running.cast.actor("developer"), service=running.service, environment=_staging(running))
    now = wanted()
    assert now["orders"] > before["orders"] and now["under way"] == 1 and now["desired"] != before["desired"]


def test_tables_of_what_runs_are_all_looked_at() -> None:
    """A new table of this room that hangs on a host has to be thought about here."""
    room = [model for model in Deployment._meta.apps.get_models() if model._meta.app_label == "deployments"]
    of_hosts = {model.__name__ for model in room if _has_host(model)}
    assert of_hosts <= {"Replica", "Repair"}


def _has_host(model: type[models.Model]) -> bool:
    return any(field.name == "host" for field in model._meta.get_fields())
