"""Mentions of members, as @name, in the Markdown of a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.utils.safestring import SafeString
from markdown_it.token import Token

from webapp.common.markdown import parsed, rendered

# A name after an @ that does not follow a letter, as it does in a mail address.
MENTION = re.compile(r"(?<![\w@.+-])@([\w@.+-]+)")
PUNCTUATION = ".+-@"  # may end a sentence as well as a name


def to_html(text: str, names: Iterable[str]) -> tuple[SafeString, set[str]]:
    """Return a comment as harmless HTML with its mentions in bold, and the mentioned names.

    Code and links mention no one.

    Args:
        text: Markdown.
        names: the usernames that can be mentioned.
    """
    exact = {name.casefold(): name for name in names}
    tokens, found = parsed(text), set()
    for token in tokens:
        children, linked = [], 0
        for child in token.children or []:
            linked += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            if child.type != "text" or linked:
                children.append(child)
                continue
            for piece, name in _pieces(child.content, exact):
                found |= {name} if name else set()
                children += _bold(piece) if name else [_text(piece)]
        if token.children:
            token.children = children
    return rendered(tokens), found


def _pieces(text: str, exact: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the parts of a text, each with the name that it mentions or ""."""
    end = 0
    for match in MENTION.finditer(text):
        word = match[1]
        while word.casefold() not in exact and word[-1:] in PUNCTUATION and word:
            word = word[:-1]
        if word.casefold() not in exact:
            continue
        yield text[end : match.start()], ""
        end = match.start() + 1 + len(word)
        yield text[match.start() : end], exact[word.casefold()]
    yield text[end:], ""


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _bold(content: str) -> list[Token]:
    return [Token("strong_open", "strong", 1), _text(content), Token("strong_close", "strong", -1)]
