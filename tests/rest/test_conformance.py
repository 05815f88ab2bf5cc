"""The description says exactly what the server does: generated requests, right and wrong ones, find no difference."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.cast import Cast
from tests.deployments.rules import harbour_of
from tests.hooks.rules import a_hook
from tests.notices.rules import a_channel, a_failed_notice
from webapp.jobs import dispatch
from webapp.rest.documents import description
from webapp.teams.models import User

EXAMPLES = 6  # of each kind and operation
BASE = "/api/v1/"
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]

described = description()
schema = schemathesis.openapi.from_dict(described)
# A stale If-Match is refused before the body is read, which is a refusal too; the tool's own list lacks 412.
refusals = schema.config.checks.negative_data_rejection
refusals.expected_statuses = [*refusals.expected_statuses, "412"]


def app(environ: Any, start_response: Any) -> Any:
    """The whole control plane, on the test's own connection to the database, as Django's test client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        answer = HANDLER(environ, start_response)
        body = list(answer)
        answer.close()
        return body
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


HANDLER = WSGIHandler()
schema.app = app


def ids(cast: Cast) -> dict[str, str]:
    """A real id for the first word of a path, so that requests get further than 404."""
    harbour = harbour_of(cast)
    deployment = harbour.deployed()
    token, _ = cast.token("owner", "read")
    hook = a_hook(cast)
    return {
        "teams": cast.team.id,
        "projects": cast.project.id,
        "hosts": cast.host.id,
        "users": cast.users["viewer"].id,
        "tokens": token.id,
        "environments": cast.dev.id,
        "images": harbour.image.id,
        "builds": deployment.release.build_id,
        "services": harbour.service.id,
        "releases": deployment.release_id,
        "deployments": deployment.id,
        "replicas": harbour.replicas()[0].id,
        "logs": deployment.log_id,
        "audit": "1",
        "hooks": hook["id"],
        "channels": a_channel(cast)["id"],
        "notices": a_failed_notice(cast)["id"],
    }


@pytest.fixture
def known(cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)
    return ids(cast)


@pytest.fixture
def headers(cast: Cast) -> dict[str, str]:
    """Of an owner who is a site admin too, so that nothing is forbidden."""
    User.objects.filter(username="owner").update(is_superuser=True)
    _, secret = cast.token("owner")
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.flow
@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_answered_otherwise_than_described(
    case: schemathesis.Case[Any], known: dict[str, str], headers: dict[str, str]
) -> None:
    kind = case.path.removeprefix(BASE).split("/")[0]
    place = transaction.savepoint()
    try:
        for name in case.path_parameters:
            if kind in known and (name == "team" or "team" not in case.path_parameters):
                case.path_parameters[name] = known[kind]
        case.call_and_validate(headers=headers, checks=CHECKS)
    finally:
        transaction.savepoint_rollback(place)
