"""The layers of an image as a picture."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.images.insight.layers import WIDTH, picture, readable


def layer(size: int, digest: str | None = None, instruction: str = "RUN x") -> dict[str, Any]:
    return {"instruction": instruction, "size": size, "digest": digest}


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=2**53), max_size=60))
def test_parts_lie_beside_one_another_within_the_bar_and_none_is_too_small_to_see(sizes: list[int]) -> None:
    shown = picture([layer(size) for size in sizes])
    assert len(shown.parts) + len(shown.silent) == len(sizes) and shown.total == sum(sizes)
    edge = 0.0
    for part in shown.parts:
        x, width = float(part.x), float(part.width)
        assert x >= edge - 0.11 and width >= 1.0
        edge = x + width
    assert edge <= WIDTH + 0.2
    if shown.parts:
        assert abs(sum(part.share for part in shown.parts) - 1) < 1e-9


def test_what_the_build_before_had_too_is_marked() -> None:
    before = [layer(5, "sha256:a"), layer(7, "sha256:b")]
    shown = picture([layer(5, "sha256:a"), layer(9, "sha256:c"), layer(1)], before=before)
    assert [part.shared for part in shown.parts] == [True, False, None] and shown.shared == 5
    assert [part.shared for part in picture([layer(5, "sha256:a")]).parts] == [None]
    assert [part.shared for part in picture([layer(5, "sha256:a")], before=[layer(5)]).parts] == [None]


def test_what_it_shows_is_said() -> None:
    assert picture([]).sentence == "No layer holds anything."
    said = picture(
        [layer(1), layer(3, instruction="/bin/sh -c make # buildkit"), layer(0, instruction="CMD x")]
    ).sentence
    assert said == "2 layers; the largest is 75% of the whole: RUN make"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("RUN /bin/sh -c echo one && echo two # buildkit", "RUN echo one && echo two"),
        ("RUN |1 WORD=a b /bin/sh -c echo $WORD # buildkit", "RUN echo $WORD"),
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("/bin/sh -c #(nop) COPY file:0a in /www ", "COPY file:0a in /www"),
        ("|1 A=1 /bin/sh -c make", "RUN make"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ('CMD ["httpd"]', 'CMD ["httpd"]'),
        ("", "an instruction that is not told"),
    ],
)
def test_an_instruction_reads_nearly_as_it_was_written(told: str, said: str) -> None:
    assert readable(told) == said
