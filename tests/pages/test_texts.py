"""Texts with names in backticks."""

from html.parser import HTMLParser

from django.template import Context, Template

from webapp.pages.templatetags.texts import named


def test_what_stands_in_backticks_is_code_and_all_else_is_text() -> None:
    assert named("with `wait`, <b> and `a<b`") == "with <code>wait</code>, &lt;b&gt; and <code>a&lt;b</code>"
    assert named("one ` alone") == "one ` alone"


def test_a_command_is_copied_whole_as_it_is_shown() -> None:
    command = """{% include "parts/command.html" with line='curl -H "A: b" -d &#39;{"a": "<b>"}&#39; /x' %}"""
    appended = """{% include "parts/command.html" with line='curl -d &#39;{"a": 1}&#39; /x'|add:more %}"""
    shown = Reader()
    shown.feed(Template(command).render(Context()) + Template(appended).render(Context({"more": "/<y>/"})))
    whole = ["""curl -H "A: b" -d '{"a": "<b>"}' /x""", """curl -d '{"a": 1}' /x/<y>/"""]
    assert shown.copied == whole and [text for text in shown.texts if text.strip()] == whole


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.copied: list[str | None] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.copied += [value for name, value in attrs if name == "data-copy"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
