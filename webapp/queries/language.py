"""The query language of lists: text to a tree and back, with errors that name a position.

    state:running error<0.05 (strategy:renas or tag:"paper 2") seed:3 -archived

Conditions that follow each other are joined by "and", which binds more tightly than "or". "-" or
"not" negates the next condition or group. A word without a field is looked for in names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_LENGTH = 1000
MAX_DEPTH = 20
MAX_CONDITIONS = 50
OPERATORS = ("!=", "<=", ">=", ":", "=", "<", ">", "~")
_KEYWORDS = ("and", "or", "not")
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<open>\() | (?P<close>\))
    | (?P<field>[^\W\d][\w.@-]*)(?P<operator>!=|<=|>=|[:=<>~])
    | (?P<minus>-)
    | (?P<word>"(?:[^"\\]|\\.)*"|[^\s()"]+)
    """,
    re.VERBOSE,
)
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s(),"]+')
_NEEDS_QUOTES = re.compile(r'[\s(),"\\]|^$')


class QueryError(ValueError):
    """A query that cannot be read: what is wrong, and where in the text (start, end)."""

    def __init__(self, message: str, start: int, end: int):
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True)
class Word:
    """A text that is looked for in names, or the name of a flag such as `archived`."""

    text: str
    quoted: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Condition:
    """A field, an operator and its values; several values mean any of them."""

    name: str
    operator: str
    values: tuple[str, ...]
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)
    spans: tuple[tuple[int, int], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Not:
    """The opposite of a node."""

    node: Node


@dataclass(frozen=True)
class All:
    """Every node holds; without nodes everything matches."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Any:
    """At least one node holds."""

    nodes: tuple[Node, ...]


Node = Word | Condition | Not | All | Any


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    node: Node | None = None


def parse(text: str) -> All:
    """Return the tree of a query; its top is always an `All`.

    Raises:
        QueryError: the text is no query.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The filter may have at most {MAX_LENGTH:,} characters (got {len(text):,}).",
            MAX_LENGTH,
            len(text),
        )
    parser = _Parser(list(_tokens(text)), len(text))
    return parser.whole()


def print_query(node: Node) -> str:
    """Return the text of a tree; parsing it gives the same tree."""
    return _printed(node, top=True)


def conditions_of(node: Node) -> Iterator[Word | Condition]:
    """Yield the words and conditions of a tree in their order."""
    if isinstance(node, (Word, Condition)):
        yield node
    elif isinstance(node, Not):
        yield from conditions_of(node.node)
    else:
        for part in node.nodes:
            yield from conditions_of(part)


def quote(text: str) -> str:
    """Return a value as the language writes it, in quotation marks if it needs them."""
    if not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"""\\([\\"])""", r"\1", text[1:-1])


def _tokens(text: str) -> Iterator[_Token]:
    place = count = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:  # only a quotation mark without its pair starts no token
            raise QueryError("The quotation mark is not closed.", place, len(text))
        kind, start, place = found.lastgroup or "", place, found.end()
        if kind == "space":
            continue
        if kind == "operator":
            node, place = _condition(text, found, start)
            yield _Token("node", text[start:place], start, place, node)
        elif kind == "word":
            yield _word(text, start, place)
        else:
            yield _Token(kind, found.group(), start, place)
        count += 1
        if count > 4 * MAX_CONDITIONS:
            raise QueryError("The filter has too many words.", start, len(text))


def _word(text: str, start: int, end: int) -> _Token:
    raw = text[start:end]
    if raw.lower() in _KEYWORDS:
        return _Token(raw.lower(), raw, start, end)
    quoted = raw.startswith('"')
    if raw[0] in "<>=~!:":
        message = "A field has to be directly before the operator, as in error<5."
        raise QueryError(message, start, end)
    node = Word(_unquote(raw), quoted, start, end)
    return _Token("node", raw, start, end, node)


def _condition(text: str, match: re.Match[str], start: int) -> tuple[Condition, int]:
    """Return the condition whose field and operator were found, and where its values end."""
    name, operator = match["field"], match["operator"]
    values, spans, place = [], [], match.end()
    while True:
        value = _VALUE.match(text, place)
        if value is None:
            if text[place : place + 1] == '"':
                raise QueryError("The quotation mark is not closed.", place, len(text))
            message = f"{name}{operator} needs a value behind it."
            raise QueryError(message, start, max(place, match.end()))
        values.append(_unquote(value.group()))
        spans.append(value.span())
        place = value.end()
        if text[place : place + 1] != ",":
            break
        place += 1
    rest = re.compile(r"[^\s()]+").match(text, place)
    if rest:
        raise QueryError("Put a space or a comma between values.", rest.start(), rest.end())
    return Condition(name, operator, tuple(values), start, place, tuple(spans)), place


class _Parser:
    """Recursive descent over tokens: or, and, not, group."""

    def __init__(self, tokens: list[_Token], length: int):
        self.tokens = tokens
        self.place = 0
        self.length = length

    def whole(self) -> All:
        if not self.tokens:
            return All(())
        node = self._either(0)
        extra = self._next()
        if extra is not None:
            raise QueryError("No group is open before this bracket.", extra.start, extra.end)
        tree = node if isinstance(node, All) else All((node,))
        count = sum(1 for _ in conditions_of(tree))
        if count > MAX_CONDITIONS:
            message = f"The filter may have at most {MAX_CONDITIONS} conditions (got {count})."
            raise QueryError(message, 0, self.length)
        return tree

    def _next(self) -> _Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _take(self) -> _Token:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def _either(self, depth: int) -> Node:
        nodes = [self._both(depth)]
        while (token := self._next()) and token.kind == "or":
            self._take()
            nodes.append(self._both(depth))
        return nodes[0] if len(nodes) == 1 else Any(tuple(nodes))

    def _both(self, depth: int) -> Node:
        nodes = [self._single(depth)]
        while (token := self._next()) and token.kind not in ("or", "close"):
            if token.kind == "and":
                self._take()
            nodes.append(self._single(depth))
        return nodes[0] if len(nodes) == 1 else All(tuple(nodes))

    def _single(self, depth: int) -> Node:
        token = self._next()
        if depth > MAX_DEPTH:
            message = f"Groups may be nested {MAX_DEPTH} deep at most."
            raise QueryError(message, token.start if token else 0, self.length)
        if token is None:
            last = self.tokens[-1]
            raise QueryError(f'"{last.text}" needs a condition behind it.', last.start, last.end)
        if token.kind in ("and", "or"):
            raise QueryError(f'"{token.text}" needs a condition before it.', token.start, token.end)
        self._take()
        if token.kind in ("minus", "not"):
            return Not(self._single(depth + 1))
        if token.kind == "open":
            return self._group(token, depth)
        if token.node is None:  # a closing bracket
            raise QueryError("No group is open before this bracket.", token.start, token.end)
        return token.node

    def _group(self, bracket: _Token, depth: int) -> Node:
        following = self._next()
        if following and following.kind == "close":
            raise QueryError("This group is empty.", bracket.start, following.end)
        if following is None:
            raise QueryError("The bracket is not closed.", bracket.start, bracket.end)
        node = self._either(depth + 1)
        if self._next() is None:
            raise QueryError("The bracket is not closed.", bracket.start, bracket.end)
        self._take()
        return node


def _printed(node: Node, top: bool = False) -> str:
    if isinstance(node, Word):
        plain = not node.quoted and not _needs_word_quotes(node.text)
        return node.text if plain else _in_quotes(node.text)
    if isinstance(node, Condition):
        return f"{node.name}{node.operator}{','.join(map(quote, node.values))}"
    if isinstance(node, Not):
        return f"-{_printed(node.node)}"
    joiner = " or " if isinstance(node, Any) else " "
    if isinstance(node, Any):
        text = joiner.join(_printed(part, isinstance(part, All)) for part in node.nodes)
    else:
        text = joiner.join(map(_printed, node.nodes))
    return text if top else f"({text})"


def _needs_word_quotes(text: str) -> bool:
    found = _TOKEN.match(text)
    is_word = found is not None and found.lastgroup == "word" and found.end() == len(text)
    return not is_word or text[0] in '"<>=~!:' or text.lower() in _KEYWORDS


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
