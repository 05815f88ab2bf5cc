"""Pages leave compressed, for who takes it; nothing else does."""

import gzip

import pytest
from django.urls import reverse

from tests.cast import Cast

pytestmark = pytest.mark.thorough


def test_a_page_is_compressed_for_who_takes_it_and_is_the_same(cast: Cast) -> None:
    page, client = reverse("board", args=[cast.project.id]), cast.client("owner")
    packed, plain = client.get(page, headers={"accept-encoding": "gzip"}), client.get(page)
    assert packed["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    assert b"Nothing runs here yet" in gzip.decompress(packed.content)
    assert "Content-Encoding" not in plain


def test_what_programs_ask_goes_as_it_is(cast: Cast) -> None:
    answer = cast.client("owner").get(reverse("palette"), headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200 and "Content-Encoding" not in answer
