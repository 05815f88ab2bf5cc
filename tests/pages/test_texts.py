"""Texts with names in backticks."""

from webapp.pages.templatetags.texts import named


def test_what_stands_in_backticks_is_code_and_all_else_is_text() -> None:
    assert named("with `wait`, <b> and `a<b`") == "with <code>wait</code>, &lt;b&gt; and <code>a&lt;b</code>"
    assert named("one ` alone") == "one ` alone"
