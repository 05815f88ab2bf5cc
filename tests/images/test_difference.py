"""How two definitions differ."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.images.insight import difference
from webapp.images.insight.difference import changed_names, differ


def inline(text: str, build: dict[str, Any] | None = None, **files: str) -> dict[str, Any]:
    return {"source": {"kind": "dockerfile", "dockerfile": text, "files": files}, "build": build or {}}


LINES = st.lists(st.sampled_from(["RUN a", "RUN b", "", "COPY . .", "x"]), max_size=40)


@settings(deadline=None)
@given(LINES, LINES)
def test_what_is_told_leads_from_the_one_text_to_the_other(before: list[str], after: list[str]) -> None:
    found = differ(inline("\n".join(before)), inline("\n".join(after)))
    old, new = "\n".join(before).splitlines(), "\n".join(after).splitlines()
    if not found:
        assert old == new
        return
    text = found.texts[0]
    told_old = {line.before: line.text for line in text.lines if line.before is not None}
    told_new = {line.after: line.text for line in text.lines if line.after is not None}
    assert all(old[number - 1] == line for number, line in told_old.items())
    assert all(new[number - 1] == line for number, line in told_new.items())
    assert len(old) - text.removed == len(new) - text.added
    # What is not told is equal in both, in order.
    rest = [line for number, line in enumerate(old, 1) if number not in told_old]
    assert rest == [line for number, line in enumerate(new, 1) if number not in told_new]


@settings(deadline=None)
@given(LINES)
def test_what_is_equal_does_not_differ(text: list[str]) -> None:
    assert not differ(inline("\n".join(text)), inline("\n".join(text)))


def test_settings_are_rows_and_files_are_texts() -> None:
    before = inline("FROM a", {"args": {"A": "1", "B": "2"}, "no_cache": False, "target": None}, gone="x", same="y")
    after = inline("FROM a\n", {"args": {"A": "1", "B": "3"}, "no_cache": True, "target": "last"}, same="y", new="z")
    found = differ(before, after)
    assert [(row.name, row.before, row.after) for row in found.settings] == [
        ("Argument B", "2", "3"),
        ("Without the cache", "no", "yes"),
        ("Stage", None, "last"),
    ]
    assert [(text.path, text.removed, text.added) for text in found.texts] == [
        ("Dockerfile", 0, 0),
        ("gone", 1, 0),
        ("new", 0, 1),
    ]
    assert changed_names(before, after) == ["Argument B", "Without the cache", "Stage", "Dockerfile", "gone", "new"]


def test_another_kind_of_source_is_settings_whatever_it_has() -> None:
    git = {"source": {"kind": "git", "url": "https://a/b", "ref": None, "unheard": True, "paths": ["a", "b"]}}
    found = differ(git, {"source": {"kind": "later", "what": 3}})
    assert {row.name: (row.before, row.after) for row in found.settings} == {
        "Comes from": ("git", "later"),
        "Repository": ("https://a/b", None),
        "unheard": ("yes", None),
        "paths": ("a, b", None),
        "what": (None, "3"),
    }


def test_equal_stretches_are_left_out_and_said() -> None:
    lines = [f"RUN {number}" for number in range(50)]
    found = differ(inline("\n".join(lines)), inline("\n".join(["first", *lines[1:-1], "last"])))
    kinds = [line.kind for line in found.texts[0].lines]
    assert kinds == ["removed", "added", *["same"] * 3, "gap", *["same"] * 3, "removed", "added"]
    assert "42 lines" in next(line.text for line in found.texts[0].lines if line.kind == "gap")


def test_a_long_text_is_not_compared_line_by_line_unless_little_of_it_changed() -> None:
    lines = [f"RUN {number}" for number in range(5000)]
    one = differ(inline("\n".join(lines)), inline("\n".join([*lines[:2500], "new", *lines[2500:]]))).texts[0]
    assert (one.added, one.removed, one.cut) == (1, 0, False) and len(one.lines) == 7
    all_ = differ(inline("\n".join(lines)), inline("\n".join(line + "x" for line in lines))).texts[0]
    assert (all_.added, all_.removed, all_.cut, all_.lines) == (5000, 5000, True, ())


def test_many_files_share_what_may_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "MAX_BUDGET", 5)
    found = differ(inline("", a="1\n2", b="1\n2", c="1\n2"), inline("", a="3\n4", b="3\n4", c="3\n4"))
    assert [(text.path, text.cut) for text in found.texts] == [("a", False), ("b", True), ("c", True)]
