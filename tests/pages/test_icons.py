"""Every icon that a page shows is in the sprite: a missing one is an empty hole that nothing else reports."""

import re

from tests.flows.house import ROOT
from webapp.pages.context import PLACES
from webapp.pages.templatetags.show import STATES

QUOTED = re.compile(r'\{% icon "([^"]+)"')
NAMED = re.compile(r"\{% icon ([^\" ]+)")
CALLED = re.compile(r'\bicon\("([^"]+)"')
FROM_PYTHON = {"place.icon"}  # variables whose icons are read below, from where they are defined
BUNDLED = (ROOT / "assets" / "icons.txt").read_text().split()


def test_every_icon_of_a_template_is_bundled() -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "templates").rglob("*.html")
        for name in QUOTED.findall(path.read_text())
        if name not in BUNDLED
    }
    assert not missing


def test_every_icon_of_the_code_is_bundled() -> None:
    code = {name for path in (ROOT / "webapp").rglob("*.py") for name in CALLED.findall(path.read_text())}
    states = {name for _, name in STATES.values()}
    places = {name for _, _, name in PLACES}
    assert not (code | states | places | {"question-mark"}) - set(BUNDLED)


def test_an_icon_chosen_by_a_variable_is_one_of_those_looked_at() -> None:
    found = {name for path in (ROOT / "templates").rglob("*.html") for name in NAMED.findall(path.read_text())}
    assert found <= FROM_PYTHON


def test_the_list_of_icons_is_in_order() -> None:
    assert sorted(set(BUNDLED)) == BUNDLED
