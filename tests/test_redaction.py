"""What leaves a host as text holds no secret and no control sequence."""

import base64
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.reports import LINE_CONTINUES, MAX_LINE_BYTES
from runtime.redaction import MASK, Redactor, Secret, decode, split_line, visible

CANARY = "pa$$/word é+=42"
redactor = Redactor([Secret(CANARY)])


@pytest.mark.parametrize(
    "text",
    [
        f"x{CANARY}y",
        f"url=https://u:{quote(CANARY, safe='')}@host",
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"user:{CANARY}".encode()).decode(),
        base64.b64encode(f"a{CANARY}b".encode()).decode(),
        base64.urlsafe_b64encode(f"ab{CANARY}".encode()).decode(),
    ],
)
def test_a_secret_is_masked_in_every_common_spelling(text: str) -> None:
    masked = redactor.mask(text)
    assert MASK in masked
    assert CANARY not in masked
    for offset in range(3):
        core = base64.b64encode(b"\0" * offset + CANARY.encode()).decode()[4:-4]
        assert core not in masked


def test_each_line_of_a_secret_of_many_lines_is_masked() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nshort\n-----END KEY-----"
    masked = Redactor([Secret(key)])
    assert masked.mask("MIIEvQIBADANBg") == MASK
    assert masked.mask("short") == "short"


def test_a_short_secret_is_not_masked_for_it_would_blank_the_log() -> None:
    assert Redactor([Secret("abc")]).mask("abc abcdef") == "abc abcdef"


def test_the_longer_of_two_secrets_wins() -> None:
    assert Redactor([Secret("secret"), Secret("secret-longer")]).mask("secret-longer") == MASK


def test_a_secret_prints_as_a_mask_and_is_not_pickled() -> None:
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {[secret]} {{'a': secret}}"
    assert secret == Secret(CANARY)
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[38;5;200mx", "\x1b[38;5;200mx"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1b]8;;javascript:alert(1)\x1b\\x", "␛]8;;javascript:alert(1)␛\\x"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x1b[2J\x1b[1;1H", "␛[2J␛[1;1H"),
        ("50%\r100%\r", "50%␍100%"),
        ("a\x00b\x7f\x9b", "a␀b␡<U+009B>"),
        ("tab\tkept", "tab\tkept"),
        ("evil\u202etxt", "evil<U+202E>txt"),
        ("two\nlines", "two␊lines"),
    ],
)
def test_only_colours_survive_the_rest_is_shown(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert decode(b"caf\xc3\xa9 \xff") == "café \ufffd"


@given(st.text(max_size=200), st.integers(min_value=8, max_value=40))
def test_a_long_line_is_split_and_nothing_is_lost(text: str, limit: int) -> None:
    text = text.replace(LINE_CONTINUES, "").encode("utf-8", "replace").decode()
    parts = split_line(text, limit=limit)
    assert all(len(part.encode()) <= limit for part in parts)
    assert all(part.endswith(LINE_CONTINUES) for part in parts[:-1])
    assert "".join(part.removesuffix(LINE_CONTINUES) for part in parts) == text


def test_a_line_that_leaves_is_masked_before_it_is_split() -> None:
    text = "x" * (MAX_LINE_BYTES - 5) + CANARY
    parts = redactor.lines(text)
    assert "word" not in "".join(part.removesuffix(LINE_CONTINUES) for part in parts)
    assert redactor.lines("") == [""]
    assert redactor.lines("one\r\ntwo\n") == ["one", "two"]
