"""Asking for pages as people do, and what every page of ours must hold to."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client

SCRIPT = "<script>alert(1)</script>"
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "use", "path", "symbol"}
SELF_NAMED = {"hidden", "submit", "button", "checkbox", "radio"}  # the last two stand inside their label


class Reader(HTMLParser):
    """Collects what the checks below ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings = 0
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.wrong: list[str] = []
        self.tables = self.heads = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.headings += tag == "h1"
        self.tables += tag == "table"
        self.heads += tag == "thead"
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label" and given.get("for"):
            self.labelled.add(str(given["for"]))
        if tag in ("input", "select", "textarea") and given.get("type") not in SELF_NAMED:
            self.inputs.append(given)
        if "style" in given or any(name.startswith("on") for name in given):
            self.wrong.append(f"<{tag}> has what the content policy forbids: {given}")
        if tag == "script" and not given.get("src"):
            self.wrong.append("an inline script")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self.open[-1:] or 'nothing'}")
        else:
            self.open.pop()


def faults(html: str) -> list[str]:
    """What is wrong with a page's markup, as far as a machine without a browser can say."""
    reader = Reader()
    reader.feed(html)
    wrong = list(reader.wrong)
    if reader.headings != 1:
        wrong.append(f"{reader.headings} h1")
    if reader.tables != reader.heads:
        wrong.append(f"{reader.tables} tables, {reader.heads} with heads")
    for given in reader.inputs:
        if given.get("id") not in reader.labelled and not given.get("aria-label"):
            wrong.append(f"an input without a label: {given}")
    twice = {name for name in reader.ids if reader.ids.count(name) > 1}
    if twice:
        wrong.append(f"ids used twice: {sorted(twice)}")
    return wrong


def get(client: Client, url: str) -> str:
    """The page, which is there and well made."""
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    html = answer.content.decode()
    assert faults(html) == [], url
    return html


def post(client: Client, url: str, **fields: Any) -> int:
    """The status of sending a form."""
    return client.post(url, fields).status_code
