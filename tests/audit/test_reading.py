"""What an entry says has changed, as the page shows it."""

from typing import Any

import pytest

from webapp.audit.reading import MAX_LINES, MAX_TEXT, Line, difference


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"port": 80}, {"port": 8080}, [Line("port", "80", "8080")]),
        ({"port": 80, "name": "x"}, {"port": 81, "name": "x"}, [Line("port", "80", "81")]),
        (None, {"every_team": True}, [Line("every team", "", "yes")]),
        ({"role": "owner"}, None, [Line("role", "owner", "")]),
        (
            {"settings": {"health": {"kind": "none"}}},
            {"settings": {"health": {"kind": "http", "port": 80}}},
            [Line("settings / health / kind", "none", "http"), Line("settings / health / port", "", "80")],
        ),
        ({"variables": {"MY_KEY": "a"}}, {"variables": {}}, [
            Line("variables / MY_KEY", "a", ""), Line("variables", "", "nothing"),
        ]),
        ({}, {"hosts": ["a", "b"], "tags": []}, [Line("hosts", "", "a, b"), Line("tags", "", "nothing")]),
        ({}, {"ports": [{"container": 80, "host": None, "protocol": "tcp"}]}, [
            Line("ports", "", "container 80 protocol tcp"),
        ]),
        ({}, {"expires_at": "2026-11-24T18:20:55.000001+00:00"}, [Line("expires at", "", "2026-11-24 18:20 UTC")]),
        ({"limit": None}, {"limit": 0.5}, [Line("limit", "nothing", "0.5")]),
        (None, None, []),
    ],
)  # fmt: skip
def test_each_thing_is_a_line_with_what_was_and_what_is(
    before: dict[str, Any] | None, after: dict[str, Any] | None, lines: list[Line]
) -> None:
    assert list(difference(before, after).lines) == lines


def test_no_object_is_dumped_and_no_page_is_flooded() -> None:
    deep: dict[str, Any] = {"a": {"b": {"c": {"d": {"e": {"f": {"g": [{"h": {"i": "x" * 999}}]}}}}}}}
    found = difference(None, {f"n{at}": deep for at in range(MAX_LINES + 3)})
    assert found.more == 3 and len(found.lines) == MAX_LINES
    assert all("{" not in line.after and "'" not in line.after for line in found.lines)
    assert all(len(line.after) <= MAX_TEXT for line in found.lines)
