"""Markdown of people as harmless HTML."""

from __future__ import annotations

from collections.abc import Mapping

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
# No images: a page loads nothing from other hosts. Headings stay below those of the page.
TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# A report is the page itself: its headings come right below the title.
_LOWER = {"h1": "h3", "h2": "h4"}
_LOWER_IN_REPORTS = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h6"}


def to_html(text: str, *, in_report: bool = False) -> SafeString:
    """Return the text as HTML; HTML in it is shown as text, scripts and styles do not survive."""
    return rendered(parsed(text), _LOWER_IN_REPORTS if in_report else _LOWER)


def parsed(text: str) -> list[Token]:
    """Return the elements of a Markdown text."""
    return _PARSER.parse(text)


def rendered(tokens: list[Token], lower: Mapping[str, str] = _LOWER) -> SafeString:
    """Return elements of a Markdown text as harmless HTML, with lower levels of headings."""
    for token in tokens:
        token.tag = lower.get(token.tag, token.tag)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)
