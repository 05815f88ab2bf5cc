"""Every endpoint by every member of the cast. An endpoint without a rule in tests/rest/rules.py fails here."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast
from tests.rest.rules import RULES
from tests.rest.walk import Rule, endpoints, rows, undone
from webapp.jobs import dispatch

NOT_THERE = {"code": "missing", "detail": "There is no such thing, or you may not see it."}


@pytest.fixture(autouse=True)
def quiet(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis for logs and tickets; no doorbell is rung."""
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)


def by_name(rule: Rule) -> str:
    return f"{rule.method} {rule.route}"


def test_every_endpoint_has_one_rule_and_every_rule_an_endpoint() -> None:
    ruled = [rule.key for rule in RULES]
    assert sorted(endpoints() - set(ruled)) == []
    assert sorted(set(ruled) - endpoints()) == []
    assert len(ruled) == len(set(ruled))


@pytest.mark.thorough
@pytest.mark.parametrize("rule", RULES, ids=by_name)
def test_each_is_answered_as_the_rule_says_and_a_refusal_changes_nothing(rule: Rule, cast: Cast) -> None:
    url = reverse(rule.route, kwargs=rule.where(cast))
    body = rule.body(cast)
    before = rows()
    for name, status in rule.expected().items():
        with undone():
            answer = cast.client(name).generic(
                rule.method.upper(), url, b"" if rule.method == "get" else json.dumps(body).encode(), "application/json"
            )
            assert answer.status_code == status, f"{name}: {answer.status_code} {answer.content[:500]!r}"
            if status >= 400:
                assert rows() == before, name
                assert answer.headers["Content-Type"] == "application/problem+json"
            if status == 404:
                assert NOT_THERE.items() <= answer.json().items()


@pytest.mark.thorough
@pytest.mark.parametrize("rule", RULES, ids=by_name)
def test_nobody_is_asked_for_a_credential(rule: Rule, cast: Cast) -> None:
    url = reverse(rule.route, kwargs=rule.where(cast))
    before = rows()
    answer = Client().generic(rule.method.upper(), url, b"{}", "application/json")
    assert answer.status_code == rule.nobody
    assert rows() == before
