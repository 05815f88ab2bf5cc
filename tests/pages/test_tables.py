"""On a phone a list's header is gone: each cell says there itself what it is."""

import re
from pathlib import Path

import pytest

from tests.flows.house import ROOT

TABLE = re.compile(r'<table class="rows\b[^"]*".*?</table>', re.S)
HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.S)
ROW = re.compile(r"<tr\b.*?</tr>", re.S)
CELL = re.compile(r"<t([dh])\b([^>]*)>(</td>)?")
MARKUP = re.compile(r"<[^>]+>|\{%.*?%\}")
FULL_WIDTH = "right-table"  # a matrix, whose header stays


def tables() -> list[tuple[Path, str]]:
    pages = [(path, path.read_text()) for path in (ROOT / "templates").rglob("*.html")]
    return [(path, table) for path, text in pages for table in TABLE.findall(text) if FULL_WIDTH not in table]


@pytest.mark.parametrize(("path", "table"), tables(), ids=lambda value: value.name if isinstance(value, Path) else "")
def test_each_cell_after_the_first_is_labelled_as_its_column_is(path: Path, table: str) -> None:
    head, body = table.split("</thead>")
    assert 'class="rows stack' in head
    columns = ["" if "visually-hidden" in text else MARKUP.sub("", text).strip() for text in HEAD.findall(head)]
    for row in ROW.findall(body):
        cells = CELL.findall(row)
        assert len(cells) == len(columns)
        for name, (kind, attributes, empty) in list(zip(columns, cells, strict=True))[1:]:
            assert not name or kind == "h" or empty or f'data-label="{name}"' in attributes


def test_there_are_lists() -> None:
    assert len(tables()) > 15
