"""Every class that a page names is one of ours, or one of those of the design system that are kept of it."""

import re
from pathlib import Path

from tests.flows.house import ROOT

CLASS = re.compile(r'\bclass="([^"]*)"')
LOGIC = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}")
IN_STYLES = re.compile(r"\.([a-zA-Z][\w-]*)")
HOOKS = frozenset({"label"})  # for tests and scripts alone


def read(*patterns: str) -> str:
    return "\n".join(path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def named() -> set[str]:
    return set((ROOT / "assets" / "tabler.txt").read_text().split())


def used(text: str) -> set[str]:
    """Classes that stand in templates as a whole; of what is put together, nothing is known."""
    words = (LOGIC.sub(" ", re.sub(r"\S*(\{\{.*?\}\})\S*", " ", text)) for text in CLASS.findall(text))
    return {word for group in words for word in group.split()}


def test_a_class_that_is_used_is_known() -> None:
    ours = set(IN_STYLES.findall(read("static/css/*.css")))
    unknown = used(read("templates/**/*.html")) - ours - named() - HOOKS
    assert unknown == set(), "of the design system? Then assets/tabler.txt names it"


def test_what_is_kept_of_the_design_system_is_used() -> None:
    said = read(
        "templates/**/*.html", "static/js/*.js", "static/css/*.css", "webapp/page.py", "webapp/pages/templatetags/*.py"
    )
    assert [name for name in sorted(named()) if not re.search(rf"(?<![\w-]){name}(?![\w-])", said)] == []


def test_there_are_templates() -> None:
    assert len(list(Path(ROOT / "templates").rglob("*.html"))) > 100
