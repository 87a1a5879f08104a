"""Markdown of people as harmless HTML."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
# No images: a page loads nothing from other hosts. Headings stay below those of the page.
TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_LOWER = {"h1": "h3", "h2": "h4"}


def to_html(text: str) -> SafeString:
    """Return the text as HTML; HTML in it is shown as text, scripts and styles do not survive."""
    return rendered(parsed(text))


def parsed(text: str) -> list[Token]:
    """Return the elements of a Markdown text."""
    return _PARSER.parse(text)


def rendered(tokens: list[Token]) -> SafeString:
    """Return elements of a Markdown text as harmless HTML."""
    for token in tokens:
        token.tag = _LOWER.get(token.tag, token.tag)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)
