"""How pages write texts of ours that name things in backticks, as docstrings do."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

NAMED = re.compile(r"`([^`\n]+)`")


@register.filter
def typed(line: str) -> str:
    """A line to be typed, as plain text: what stands literally in a template counts there as markup.

    A literal in a template cannot hold its own quotes, so it has an apostrophe as its entity.
    """
    return "".join(line).replace("&#39;", "'")


@register.filter
def named(text: str) -> SafeString:
    """The text with what stands in backticks as code; all else is text."""
    return mark_safe(NAMED.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 (escaped before)
