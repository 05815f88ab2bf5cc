"""The size budget counts what it says and fails when it is exceeded."""

from pathlib import Path

import pytest

from launch import sizes
from launch.sizes import Budget, function_lengths, judge, percentile


def test_functions_are_measured_with_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "ROOT", tmp_path)
    file = tmp_path / "story.py"
    file.write_text(
        "def short():\n    pass\n\nclass C:\n    async def longer(self):\n        a = 1\n        return a\n"
    )
    assert sorted(function_lengths(file)) == [(2, "story.py:1 short"), (3, "story.py:5 longer")]


def test_one_that_is_too_long_breaks_the_budget_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [(10, f"f{number}") for number in range(99)] + [(61, "monster")]
    assert not judge(Budget("functions", usual=30, most=60), entries)
    assert "monster" in capsys.readouterr().out


def test_too_many_long_ones_break_it_too() -> None:
    assert not judge(Budget("functions", usual=30, most=60), [(31, "f")] * 6 + [(10, "g")] * 94)
    assert judge(Budget("functions", usual=30, most=60), [(31, "f")] * 5 + [(10, "g")] * 95)


def test_the_percentile_of_nothing_is_nothing() -> None:
    assert percentile([]) == 0
