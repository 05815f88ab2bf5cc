"""What examples/ci calls is there: paths, methods and fields, in the API's own description."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.contract import states
from webapp.rest.documents import description

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ("github-actions", "gitlab-ci")
CALL = re.compile(r'call (GET|POST) "([^"?]+)(\?[^"]*)?"(?: "((?:[^"\\]|\\.)*)")?')
WAITED = re.compile(r'ended "([^"]+)"')
READ = re.compile(r"jq -r \.([a-z_]+)")


def scripts(value: Any) -> Iterator[str]:
    """Every script in the file."""
    match value:
        case dict():
            for inner in value.values():
                yield from scripts(inner)
        case list():
            for inner in value:
                yield from scripts(inner)
        case str() if "call " in value or "ended " in value:
            yield value


def script_of(name: str) -> str:
    text = (ROOT / "examples" / "ci" / f"{name}.yml").read_text()
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict) and loaded
    return "\n".join(scripts(loaded))


def operation(method: str, path: str) -> dict[str, Any]:
    """The described operation at a path with shell variables in place of ids."""
    wanted = "/api/v1/" + re.sub(r"\$[A-Za-z_]+", "{id}", path)
    found: dict[str, Any] = description()["paths"][wanted][method.lower()]
    return found


def fields_of(schema: dict[str, Any]) -> set[str]:
    name = schema["$ref"].removeprefix("#/components/schemas/")
    return set(description()["components"]["schemas"][name]["properties"])


def answered(described: dict[str, Any]) -> set[str]:
    status = next(status for status in ("200", "201", "202") if status in described["responses"])
    return fields_of(described["responses"][status]["content"]["application/json"]["schema"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_builds_by_waiting_and_deploys_a_digest(name: str) -> None:
    script = script_of(name)
    called = {(method, re.sub(r"\$[A-Za-z_]+", "ID", path)) for method, path, _, _ in CALL.findall(script)}
    assert called >= {("POST", "images/ID/builds/"), ("POST", "deployments/")}
    assert "$1?wait=60" in script and "digest" in script and "set -euo pipefail" in script
    assert {re.sub(r"\$[A-Za-z_]+", "ID", path) for path in WAITED.findall(script)} == {"builds/ID/", "deployments/ID/"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_path_and_field_is_described(name: str) -> None:
    script = script_of(name)
    answers: set[str] = set()
    for method, path, _, body in CALL.findall(script):
        if path.startswith("$"):
            continue  # inside `ended`, whose paths come next
        described = operation(method, path)
        answers |= answered(described)
        if body:
            sent = json.loads(body.replace('\\"', '"'))
            known = fields_of(described["requestBody"]["content"]["application/json"]["schema"])
            assert sent and set(sent) <= known, path
            assert "Idempotency-Key" in {parameter["name"] for parameter in described["parameters"]}
    for path in WAITED.findall(script):
        described = operation("GET", path)
        answers |= answered(described)
        assert "wait" in {parameter["name"] for parameter in described["parameters"]}
    read = set(READ.findall(script))
    assert {"id", "digest", "state"} <= read <= answers


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_ends_with_everything_that_ends(name: str) -> None:
    words = set(re.findall(r"[a-z_]+", script_of(name)))
    for table in (states.BUILD, states.DEPLOYMENT):
        assert states.terminal_states(table) <= words
