"""Retention: what a release names never goes, and everything that stays has a reason."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp.retention.planning import MIN_AGE, Candidate, Plan, Rule, frees, plan

pytestmark = pytest.mark.thorough

NOW = datetime(2026, 11, 24, tzinfo=UTC)
OLD = NOW - timedelta(days=400)


def build(number: int, *, bytes_id: str | None = None, tagged: bool = False, at: datetime = OLD) -> Candidate:
    made = f"sha256:{number}" if bytes_id is None else bytes_id
    layers = {"base": 1000, made: 100}
    return Candidate(id=f"b{number}", number=number, bytes_id=made, tagged=tagged, finished_at=at, layers=layers)


def needing(*bytes_ids: str) -> dict[str, str]:
    return dict.fromkeys(bytes_ids, "a release names it")


def planned(builds: list[Candidate], *, rule: Rule, needed: dict[str, str] | None = None) -> Plan:
    return plan(builds, rule=rule, needed=needed or {}, now=NOW)


def gone(builds: list[Candidate], *, rule: Rule, needed: dict[str, str] | None = None) -> list[int]:
    return [one.number for one in planned(builds, rule=rule, needed=needed).gone]


def test_the_last_ones_stay() -> None:
    assert gone([build(n) for n in (3, 1, 5, 2, 4)], rule=Rule(keep=2)) == [1, 2, 3]


def test_a_failed_build_takes_nobodys_place() -> None:
    builds = [build(1), build(2), build(3, bytes_id=""), build(4, bytes_id="")]
    assert gone(builds, rule=Rule(keep=2)) == [3, 4]


def test_what_a_release_names_stays_however_old_it_is() -> None:
    result = plan([build(1), build(2), build(3)], rule=Rule(keep=1), needed=needing("sha256:1"), now=NOW)
    assert [one.number for one in result.gone] == [2] and result.kept["b1"] == "a release names it"


def test_a_build_of_the_same_bytes_as_a_releases_stays_too() -> None:
    builds = [build(1, bytes_id="sha256:x"), build(2, bytes_id="sha256:x"), build(3)]
    assert gone(builds, rule=Rule(keep=1), needed=needing("sha256:x")) == []


def test_git_tags_stay_unless_the_rule_lets_them_go() -> None:
    builds = [build(1, tagged=True), build(2)]
    assert gone(builds, rule=Rule(keep=1)) == []
    assert gone(builds, rule=Rule(keep=1, keep_tagged=False)) == [1]


def test_the_young_stay() -> None:
    builds = [build(1, at=NOW - timedelta(days=29)), build(2, at=NOW - timedelta(minutes=59)), build(3)]
    assert gone(builds, rule=Rule(keep=1)) == [1]
    assert gone(builds, rule=Rule(keep=1, days=30)) == []


def test_bytes_that_stay_under_another_build_are_not_freed() -> None:
    builds = [build(1, bytes_id="sha256:x"), build(2, bytes_id="sha256:y"), build(3, bytes_id="sha256:x")]
    result = planned(builds, rule=Rule(keep=1))
    assert [one.number for one in result.gone] == [1, 2]
    assert frees(result, held={"sha256:x": {"h"}, "sha256:y": {"h"}}) == 100


def test_a_layer_that_a_kept_image_shares_is_freed_on_the_hosts_alone_where_none_is_kept() -> None:
    result = planned([build(1), build(2), build(3)], rule=Rule(keep=1))
    held = {"sha256:1": {"near", "far"}, "sha256:2": {"far"}, "sha256:3": {"near"}}
    assert frees(result, held=held) == 100 + (1000 + 100 + 100)
    assert frees(result, held={}) == 0


candidates = st.builds(
    Candidate,
    id=st.uuids().map(str),
    number=st.integers(1, 10_000),
    bytes_id=st.sampled_from(["", "a", "b", "c", "d", "e"]),
    tagged=st.booleans(),
    finished_at=st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda age: NOW - age),
    layers=st.dictionaries(st.sampled_from(["base", "top", "more"]), st.integers(0, 10**10)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(
    builds=st.lists(candidates, max_size=40, unique_by=(lambda one: one.number, lambda one: one.id)),
    rule=st.builds(Rule, keep=st.integers(-1, 20), days=st.none() | st.integers(1, 400), keep_tagged=st.booleans()),
    needed=st.dictionaries(st.sampled_from("abcde"), st.just("needed")),
    held=st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from(["h1", "h2"]))),
)
def test_a_live_digest_never_goes_and_nothing_is_forgotten(
    builds: list[Candidate], rule: Rule, needed: dict[str, str], held: dict[str, set[str]]
) -> None:
    result = plan(builds, rule=rule, needed=needed, now=NOW)
    assert not {one.bytes_id for one in result.gone} & needed.keys()
    assert all(NOW - one.finished_at >= MIN_AGE for one in result.gone)
    assert {one.id for one in result.gone} | set(result.kept) == {one.id for one in builds}
    assert not {one.id for one in result.gone} & set(result.kept)
    made = sorted((one for one in builds if one.bytes_id), key=lambda one: one.number, reverse=True)
    assert not {one.id for one in made[: max(rule.keep, 1)]} & {one.id for one in result.gone}
    most = sum(sum(one.layers.values()) * len(held.get(one.bytes_id, ())) for one in result.gone)
    assert 0 <= frees(result, held=held) <= most
    assert [one.id for one in result.stay] == list(result.kept)
