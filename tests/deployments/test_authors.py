"""Who changed what a plan brings does not approve it; who changed something else does."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cast import Cast, make_user
from tests.deployments.rig import Harbour
from webapp.authors import MOST_PARTS, noted
from webapp.deployments import services
from webapp.deployments.models import Deployment
from webapp.environments.services import change_environment, retire_secret, set_secret
from webapp.problems import Forbidden
from webapp.teams.models import Membership
from webapp.teams.policy import Actor, actor_for_token, actor_for_user
from webapp.teams.services import create_token

Change = Callable[[Harbour, Actor], object]

pytestmark = pytest.mark.thorough


def second_operator(cast: Cast) -> Actor:
    user = make_user("second")
    Membership.objects.create(team=cast.team, user=user, role="operator")
    return actor_for_user(user)


def ask(harbour: Harbour) -> Deployment:
    cast = harbour.cast
    return services.deploy(
        actor=cast.actor("developer"), service=harbour.service, environment=cast.production, build=harbour.built()
    )


def settle(harbour: Harbour) -> None:
    """Something runs in production, approved by the second operator."""
    asked = ask(harbour)
    done = services.approve(actor=harbour.cast.actor("owner"), deployment=asked, plan_hash=asked.plan_hash)
    harbour.carry_out(done)


def approve(harbour: Harbour, actor: Actor, asked: Deployment) -> Deployment:
    return services.approve(actor=actor, deployment=asked, plan_hash=asked.plan_hash)


def _settings(**given: Any) -> Change:
    return lambda harbour, actor: services.change_service(
        actor=actor, service=harbour.service, settings={"replicas": 2, **given}
    )


def _overrides(**given: Any) -> Change:
    return lambda harbour, actor: services.change_service(actor=actor, service=harbour.service, overrides=given)


def _variables(where: str, **given: str) -> Change:
    return lambda harbour, actor: change_environment(
        actor=actor, environment=getattr(harbour.cast, where), variables=given
    )


def _secret(harbour: Harbour, actor: Actor) -> object:
    cast = harbour.cast
    return set_secret(actor=actor, project=cast.project, environment=cast.production, name="KEY", value="sesame-open")


BRINGS: dict[str, Change] = {
    "a setting": _settings(command=["serve"]),
    "a variable of the service": _settings(variables={"MODE": "loud"}),
    "an override": _overrides(production={"replicas": 1}),
    "a variable of the environment": _variables("production", MODE="loud"),
    "a secret": _secret,
}
BRINGS_NOT: dict[str, Change] = {
    "an override elsewhere": _overrides(dev={"replicas": 1}),
    "a variable elsewhere": _variables("dev", MODE="loud"),
    "its name": lambda harbour, actor: services.change_service(actor=actor, service=harbour.service, slug="fore"),
}


@pytest.mark.parametrize("what", BRINGS)
def test_who_changed_what_it_brings_does_not_approve_and_somebody_else_does(harbour: Harbour, what: str) -> None:
    settle(harbour)
    operator = harbour.cast.actor("operator")
    BRINGS[what](harbour, operator)
    asked = ask(harbour)
    for verb in (services.approve, services.reject):
        with pytest.raises(Forbidden) as refused:
            verb(actor=operator, deployment=asked, plan_hash=asked.plan_hash)
        assert refused.value.code == "approval.own_change"
    assert approve(harbour, harbour.cast.actor("owner"), asked).state == "queued"


@pytest.mark.parametrize("what", BRINGS_NOT)
def test_who_changed_something_else_approves(harbour: Harbour, what: str) -> None:
    settle(harbour)
    operator = harbour.cast.actor("operator")
    BRINGS_NOT[what](harbour, operator)
    assert approve(harbour, operator, ask(harbour)).state == "queued"


def test_by_way_of_a_token_it_is_still_theirs(harbour: Harbour) -> None:
    settle(harbour)
    cast = harbour.cast
    token, _ = create_token(actor=cast.actor("owner"), name="ci", scopes=["admin"], team=cast.team, role="operator")
    BRINGS["a setting"](harbour, actor_for_token(token))
    asked = ask(harbour)
    with pytest.raises(Forbidden):
        approve(harbour, cast.actor("owner"), asked)
    assert approve(harbour, cast.actor("operator"), asked).state == "queued"


def test_what_runs_already_is_nobodys_change_any_more(harbour: Harbour) -> None:
    settle(harbour)
    operator = harbour.cast.actor("operator")
    BRINGS["a setting"](harbour, operator)
    harbour.carry_out(approve(harbour, harbour.cast.actor("owner"), ask(harbour)))
    assert approve(harbour, operator, ask(harbour)).state == "queued"


def test_the_last_one_who_changed_it_counts(harbour: Harbour) -> None:
    settle(harbour)
    owner, operator = harbour.cast.actor("owner"), harbour.cast.actor("operator")
    BRINGS["a setting"](harbour, operator)
    _settings(command=["else"])(harbour, owner)
    asked = ask(harbour)
    with pytest.raises(Forbidden):
        approve(harbour, owner, asked)
    assert approve(harbour, operator, asked).state == "queued"


def test_a_secret_that_is_taken_away_is_a_change_too(harbour: Harbour) -> None:
    owner, operator = harbour.cast.actor("owner"), harbour.cast.actor("operator")
    secret = set_secret(
        actor=owner, project=harbour.cast.project, environment=harbour.cast.production, name="KEY", value="sesame-open"
    )
    asked = ask(harbour)
    harbour.carry_out(approve(harbour, owner, asked))  # a first version is part of setting up
    retire_secret(actor=operator, secret=secret)
    again = ask(harbour)
    with pytest.raises(Forbidden):
        approve(harbour, operator, again)
    assert approve(harbour, owner, again).state == "queued"


def test_who_defined_a_service_may_approve_its_first_deployment_but_not_what_they_changed_since(
    harbour: Harbour,
) -> None:
    owner, operator = harbour.cast.actor("owner"), harbour.cast.actor("operator")
    BRINGS["a setting"](harbour, operator)
    asked = ask(harbour)
    with pytest.raises(Forbidden):
        approve(harbour, operator, asked)
    assert approve(harbour, owner, asked).state == "queued"


def test_a_promotion_brings_the_authors_of_what_runs_not_those_of_what_came_after(harbour: Harbour) -> None:
    settle(harbour)
    cast = harbour.cast
    owner, operator = cast.actor("owner"), cast.actor("operator")
    BRINGS["a setting"](harbour, operator)
    done = harbour.deployed(cast.staging)
    _settings(command=["later"])(harbour, owner)
    asked = services.promote(actor=cast.actor("developer"), deployment=done)
    assert asked.release.settings["command"] == ["serve"]
    with pytest.raises(Forbidden):
        approve(harbour, operator, asked)
    assert approve(harbour, owner, asked).state == "queued"


def test_a_release_that_never_ran_keeps_its_authors_and_one_that_did_is_the_requesters_alone(harbour: Harbour) -> None:
    settle(harbour)
    cast = harbour.cast
    operator = cast.actor("operator")
    BRINGS["a setting"](harbour, operator)
    never = ask(harbour)
    services.reject(actor=cast.actor("owner"), deployment=never)
    where: dict[str, Any] = {"service": harbour.service, "environment": cast.production}
    again = services.deploy(actor=cast.actor("developer"), release=never.release, **where)
    with pytest.raises(Forbidden):
        approve(harbour, operator, again)
    harbour.carry_out(approve(harbour, cast.actor("owner"), again))
    harbour.carry_out(approve(harbour, operator, ask(harbour)))
    back = services.deploy(actor=cast.actor("developer"), release=never.release, **where)
    assert approve(harbour, operator, back).state == "queued"


def test_who_plans_anew_does_not_approve(harbour: Harbour) -> None:
    asked = ask(harbour)
    build = asked.release.build
    other = harbour.host("other", harbour.cast.production)
    harbour.built(host=other, same_as=build)
    operator = harbour.cast.actor("operator")
    again = services.replan(actor=operator, deployment=asked)
    assert again.plan_hash != asked.plan_hash
    with pytest.raises(Forbidden):
        approve(harbour, operator, again)
    assert approve(harbour, harbour.cast.actor("owner"), again).state == "queued"


def test_to_plan_anew_what_has_not_changed_makes_nobody_an_author(harbour: Harbour) -> None:
    asked, operator = ask(harbour), harbour.cast.actor("operator")
    assert services.replan(actor=operator, deployment=asked).plan_hash == asked.plan_hash
    assert approve(harbour, operator, asked).state == "queued"


def test_who_chose_the_hosts_does_not_approve_the_move_to_them(harbour: Harbour) -> None:
    settle(harbour)
    cast = harbour.cast
    build = harbour.built()
    other = harbour.host("other")
    harbour.built(host=other, same_as=build)
    change_environment(actor=cast.actor("operator"), environment=cast.production, hosts=[cast.host, other])
    asked = services.deploy(
        actor=cast.actor("developer"), service=harbour.service, environment=cast.production, build=build
    )
    with pytest.raises(Forbidden):
        approve(harbour, cast.actor("operator"), asked)
    assert approve(harbour, cast.actor("owner"), asked).state == "queued"


def test_parts_are_noted_one_by_one_and_only_so_many() -> None:
    first = noted({}, before={"a": 1, "b": 1}, after={"a": 2, "b": 1, "c": 1}, person="p")
    assert first == {"a": "p", "c": "p"}
    assert noted(first, before={"a": 2, "c": 1}, after={"a": 3}, person=None) == {}
    many = {f"v{number}": number for number in range(MOST_PARTS + 5)}
    kept = noted(first, before={}, after=many, person="q")
    assert len(kept) == MOST_PARTS and "a" not in kept and f"v{MOST_PARTS + 4}" in kept
