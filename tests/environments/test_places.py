"""Making, changing and deleting environments."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cast import Cast
from tests.deployments.rig import Harbour
from webapp.audit.models import Entry
from webapp.environments.models import Environment
from webapp.environments.services import change_environment, create_environment, delete_environment, places
from webapp.hosts.services import enroll, revoke
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.teams.policy import SYSTEM

pytestmark = pytest.mark.thorough

BAD_SLUGS = ["", "Dev", "a; rm -rf /", "$(id)", "a\n", "--privileged", "..", "a" * 41, "dev-", "d\u0435v", "dev "]
BAD_VARIABLES: list[dict[str, str]] = [
    {"LD_PRELOAD": "x"}, {"PATH": "/tmp"}, {"DOCKER_HOST": "x"}, {"BASH_ENV": "x"}, {"A=B": "x"}, {"": "x"},
    {"A\n": "x"}, {"9A": "x"}, {"A B": "x"}, {"A" * 129: "x"}, {"A": "\x00"}, {"A": "\ud800"}, {"A": "x" * 32_769},
    {f"A{number}": "" for number in range(501)}, {f"A{number}": "x" * 30_000 for number in range(9)},
]  # fmt: skip


def told(action: str) -> list[Entry]:
    return list(Entry.objects.filter(action=action, outcome="done"))


def lab(cast: Cast, **more: Any) -> Environment:
    given: dict[str, Any] = {"slug": "lab", "rank": 9, "hosts": [cast.host]}
    return create_environment(actor=cast.actor("operator"), project=cast.project, **{**given, **more})


def test_a_place_has_hosts_and_variables_and_the_trail_names_no_value(cast: Cast) -> None:
    made = lab(cast, variables={"MODE": "hush-hush"})
    assert list(made.hosts.all()) == [cast.host] and made.variables == {"MODE": "hush-hush"}
    entry = next(entry for entry in told("environment.created") if entry.target_id == made.id)
    assert entry.after is not None
    assert entry.after["variables"] == ["MODE"] and "hush-hush" not in str(entry.after)


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_a_name_that_means_more_than_a_name_is_refused(cast: Cast, slug: str) -> None:
    with pytest.raises(Invalid):
        lab(cast, slug=slug)
    with pytest.raises(Invalid):
        change_environment(actor=cast.actor("operator"), environment=cast.dev, slug=slug)
    assert sorted(Environment.objects.filter(project=cast.project).values_list("slug", flat=True)) == [
        "dev",
        "production",
        "staging",
    ]


@pytest.mark.parametrize("variables", BAD_VARIABLES, ids=lambda given: ascii(given)[:30])
def test_a_variable_that_changes_how_programs_run_is_refused(cast: Cast, variables: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        change_environment(actor=cast.actor("developer"), environment=cast.dev, variables=variables)
    assert list(refused.value.errors) == ["variables"]
    with pytest.raises(Invalid):
        lab(cast, variables=variables)
    cast.dev.refresh_from_db()
    assert cast.dev.variables == {} and not Environment.objects.filter(slug="lab").exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"rank": -1}, "rank"),
        ({"rank": 1001}, "rank"),
        ({"protected": True, "required_approvals": 11}, "required_approvals"),
        ({"protected": True, "required_approvals": -1}, "required_approvals"),
        ({"required_approvals": 1}, "required_approvals"),
    ],
)
def test_order_and_approvals_have_bounds(cast: Cast, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        lab(cast, **more)
    assert list(refused.value.errors) == [field]
    with pytest.raises(Invalid):
        change_environment(actor=cast.actor("operator"), environment=cast.dev, **more)


def test_a_host_must_be_enrolled_and_serve_the_team(cast: Cast) -> None:
    elsewhere, _ = enroll(actor=SYSTEM, name="elsewhere")
    gone, _ = enroll(actor=SYSTEM, name="gone", every_team=True)
    revoke(actor=SYSTEM, host=gone)
    for host in (elsewhere, gone):
        with pytest.raises(Invalid) as refused:
            lab(cast, hosts=[host])
        assert list(refused.value.errors) == ["hosts"]
        with pytest.raises(Invalid):
            change_environment(actor=cast.actor("operator"), environment=cast.dev, hosts=[cast.host, host])
    assert list(cast.dev.hosts.all()) == [cast.host]


def test_a_name_and_a_place_in_the_order_are_taken_once(cast: Cast) -> None:
    operator = cast.actor("operator")
    acts: list[Callable[[], object]] = [
        lambda: lab(cast, slug="dev"),
        lambda: lab(cast, rank=1),
        lambda: change_environment(actor=operator, environment=cast.staging, slug="dev"),
        lambda: change_environment(actor=operator, environment=cast.staging, rank=1),
    ]
    for act in acts:
        with pytest.raises(Conflicting) as refused:
            act()
        assert refused.value.code == "environment.taken"
    assert told("environment.changed") == []


def test_a_project_has_an_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MAX_ENVIRONMENTS", 3)
    with pytest.raises(Conflicting, match="at most 3"):
        lab(cast)


@pytest.mark.parametrize("name", ["viewer", "developer", "stranger", "admin"])
def test_the_place_is_for_operators_and_its_variables_for_developers(cast: Cast, name: str) -> None:
    actor = cast.actor(name)
    acts: list[Callable[[], object]] = [
        lambda: create_environment(actor=actor, project=cast.project, slug="mine", rank=9),
        lambda: change_environment(actor=actor, environment=cast.production, protected=False),
        lambda: change_environment(actor=actor, environment=cast.production, required_approvals=0, variables={}),
        lambda: delete_environment(actor=actor, environment=cast.dev),
    ]
    if name != "developer":
        acts.append(lambda: change_environment(actor=actor, environment=cast.dev, variables={"A": "1"}))
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    cast.production.refresh_from_db()
    assert cast.production.protected and Environment.objects.filter(project=cast.project).count() == 3


def test_what_is_not_given_stays_and_what_is_the_same_is_not_told(cast: Cast) -> None:
    operator = cast.actor("operator")
    changed = change_environment(actor=operator, environment=cast.production, slug="live")
    assert (changed.slug, changed.rank, changed.protected, changed.required_approvals) == ("live", 3, True, 1)
    assert list(changed.hosts.all()) == [cast.host]
    change_environment(actor=operator, environment=cast.production, slug="live", hosts=[cast.host])
    assert len(told("environment.changed")) == 1


def test_an_open_place_asks_for_no_approvals(cast: Cast) -> None:
    opened = change_environment(actor=cast.actor("operator"), environment=cast.production, protected=False)
    assert (opened.protected, opened.required_approvals) == (False, 0)


def test_a_place_is_deleted_once(cast: Cast) -> None:
    made = lab(cast)
    for _ in range(2):
        delete_environment(actor=cast.actor("operator"), environment=made)
    assert not Environment.objects.filter(slug="lab").exists()
    assert len(told("environment.deleted")) == 1


def test_a_place_with_a_history_stays(harbour: Harbour) -> None:
    harbour.deployed()
    with pytest.raises(Conflicting) as refused:
        delete_environment(actor=harbour.cast.actor("owner"), environment=harbour.cast.dev)
    assert refused.value.code == "environment.in_use" and told("environment.deleted") == []
    assert Environment.objects.filter(id=harbour.cast.dev.id).exists()
