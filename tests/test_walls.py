"""The walls between rooms, read from the imports themselves.

import-linter keeps the layers (pyproject.toml); here stands what it cannot say: who alone may touch a foreign thing,
and which calls belong to one file.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTROL_PLANE = sorted((ROOT / "webapp").rglob("*.py"))
HOST = sorted((ROOT / "runtime").rglob("*.py"))
CONTRACT_LIBRARIES = {"msgspec"}
SENDING = {"send_task", "apply_async", "delay"}
PUBLISHING = {"group_send"}


@cache
def tree(path: Path) -> ast.Module:
    """A file is parsed once, for all walls."""
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module a file imports, wherever in the file, relative ones made absolute."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


def is_in(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def importers(paths: list[Path], *packages: str) -> set[str]:
    return {name(path) for path in paths if any(is_in(module, *packages) for module in imports(path))}


def callers(paths: list[Path], methods: set[str]) -> set[str]:
    """Files that name one of these methods as an attribute, called or passed on."""
    return {
        name(path)
        for path in paths
        if any(isinstance(node, ast.Attribute) and node.attr in methods for node in ast.walk(tree(path)))
    }


def test_a_host_imports_neither_the_control_plane_nor_its_framework() -> None:
    assert importers(HOST, "webapp", "launch", "django", "rest_framework", "channels") == set()


def test_the_control_plane_imports_nothing_of_hosts_but_the_contract() -> None:
    foreign = {
        (name(path), module)
        for path in CONTROL_PLANE
        for module in imports(path)
        if is_in(module, "runtime") and module != "runtime" and not is_in(module, "runtime.contract")
    }
    assert foreign == set()


def test_the_contract_imports_the_standard_library_and_its_schema_library_only(known_modules: frozenset[str]) -> None:
    contract = [path for path in HOST if "contract" in path.parts]
    assert contract
    for path in contract:
        for module in imports(path):
            allowed = module.split(".")[0] in known_modules | CONTRACT_LIBRARIES or is_in(module, "runtime.contract")
            assert allowed or module == "runtime", f"{name(path)} imports {module}"


def test_only_the_docker_engine_imports_the_sdk() -> None:
    users = importers(CONTROL_PLANE + HOST, "docker")
    assert all(user.startswith("runtime/engine/docker") for user in users), users


def test_no_procedure_speaks_http_or_reads_the_environment() -> None:
    procedures = [path for path in HOST if "procedures" in path.parts]
    assert importers(procedures, "httpx", "websockets", "requests", "urllib.request", "docker", "celery") == set()
    assert callers(procedures, {"environ", "getenv"}) == set()


def test_only_dispatch_sends_tasks() -> None:
    assert callers(CONTROL_PLANE, SENDING) <= {"webapp/jobs/dispatch.py"}
    assert importers(CONTROL_PLANE, "celery", "kombu", "webapp.celery") <= {
        "webapp/celery.py",
        "webapp/jobs/dispatch.py",
    }


def test_only_broadcast_publishes_to_the_channel_layer() -> None:
    assert callers(CONTROL_PLANE, PUBLISHING) <= {"webapp/jobs/broadcast.py"}


def test_no_module_is_imported_inside_a_function() -> None:
    hidden = {
        f"{name(path)}:{inner.lineno}"
        for path in CONTROL_PLANE + HOST
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert hidden == set()


def test_no_room_has_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "helpers.py", "misc.py", "common.py", "signals.py"}
    assert {name(path) for path in CONTROL_PLANE + HOST if path.name in drawers} == set()


def test_views_and_apis_save_nothing_and_speak_to_nobody() -> None:
    doors = [
        path for path in CONTROL_PLANE if path.name in ("views.py", "api.py") or path.parent.name in ("views", "api")
    ]
    assert callers(doors, {"save", "bulk_create", "bulk_update"}) == set()
    assert importers(doors, "celery", "kombu", "channels.layers") == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import webapp.teams", "webapp.teams"),
        ("def f():\n    from django.db import models", "django.db.models"),
        ("from .. import worker", "runtime.worker"),
        ("from ..worker.config import Config", "runtime.worker.config"),
    ],
)
def test_the_reader_of_imports_sees_every_spelling(
    text: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.test_walls.ROOT", tmp_path)
    file = tmp_path / "runtime" / "engine" / "x.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert found in set(imports(file))


@pytest.fixture
def known_modules() -> frozenset[str]:
    return frozenset(sys.stdlib_module_names)
