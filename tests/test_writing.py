"""What stands in a text box is read back as what it was."""

from typing import Any

import pytest

from webapp import writing

ODD = [
    "",
    " ",
    "a b",
    "a\nb",
    "a\r\nb",
    "\n",
    ' "',
    '"',
    '"a"',
    '"a" b',
    "a\u2028b",
    "a\x85b",
    "\tx",
    "a=b",
    "é🚢",
    "\\n",
    "#",
    "[1]",
]


@pytest.mark.parametrize("text", ODD)
def test_words_and_values_survive_the_box(text: str) -> None:
    assert writing.words(writing.words_text(["sh", text, "-c"])) == ["sh", text, "-c"]
    assert writing.pairs(writing.pairs_text({"A": text, "B": "1"})) == {"A": text, "B": "1"}
    assert len(writing.pairs_text({"A": text}).splitlines()) == 1


def test_what_people_type_is_taken_as_it_stands() -> None:
    assert writing.words("sh\r\n\r\n  -c \necho $X") == ["sh", "-c", "echo $X"]
    assert writing.pairs('A=1\n\nB = x y\nC=a=b\nD\nE="half\n') == {
        "A": "1",
        "B": " x y",
        "C": "a=b",
        "D": "",
        "E": '"half',
    }


def test_ports_are_read_back_and_what_is_none_is_left_for_the_verb() -> None:
    ports: list[dict[str, Any]] = [
        {"container": 80},
        {"container": 80, "host": 9000},
        {"container": 53, "protocol": "udp"},
    ]
    assert writing.ports(writing.ports_text(ports)) == ports
    assert writing.ports("http") == [{"container": "http"}]


@pytest.mark.parametrize(
    ("count", "text"),
    [(64 * 1024**2, "64m"), (1024**3, "1g"), (1536 * 1024**2, "1536m"), (6 * 1024, "6k"), (1025, "1025"), (None, "")],
)
def test_memory_is_shown_as_people_write_it(count: int | None, text: str) -> None:
    assert writing.memory_text(count) == text
