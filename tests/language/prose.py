"""Extract the prose of the project: docstrings, comments, messages, help texts, pages and docs."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

CODE_SPAN = re.compile(r"`[^`]*`")
FENCE = re.compile(r"^(```|~~~)")
JS_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.S)
JS_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`")
TEMPLATE_COMMENT = re.compile(r"\{#(.*?)#\}", re.S)
TEMPLATE_CODE = re.compile(r"\{[{%].*?[}%]\}", re.S)
TEXT_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "data-empty")
PRAGMA = re.compile(r"#\s*(type:|noqa|fmt:|pragma|ruff:|!)")


@dataclass(frozen=True)
class Passage:
    """A piece of prose.

    `kind` is "docstring", "comment", "text" (strings of code, pages and scripts) or "docs".
    `line` is the line of the file in which the passage begins; code spans are blanked.
    """

    path: Path
    line: int
    kind: str
    text: str


def passages(path: Path) -> Iterator[Passage]:
    """Yield the prose of one file; nothing for a kind of file that holds none."""
    readers = {".py": _python, ".js": _script, ".html": _template, ".md": _markdown}
    reader = readers.get(path.suffix)
    if reader is None:
        return
    for line, kind, text in reader(path.read_text()):
        blanked = CODE_SPAN.sub(lambda match: " " * len(match[0]), text)
        if blanked.strip():
            yield Passage(path, line, kind, blanked)


def _python(source: str) -> Iterator[tuple[int, str, str]]:
    tree = ast.parse(source)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(id(first.value))
                if isinstance(first.value.value, str):
                    yield first.lineno, "docstring", first.value.value
    yield from _comments(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces = [v.value for v in node.values if isinstance(v, ast.Constant)]
            text = " … ".join(str(piece) for piece in pieces)
            docstrings.update(id(value) for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = "" if id(node) in docstrings else node.value
        else:
            continue
        if _is_prose(text):
            yield node.lineno, "text", text


def _comments(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield comments, those on consecutive lines as one passage."""
    block: list[str] = []
    start = previous = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or PRAGMA.match(token.string):
            continue
        row = token.start[0]
        if block and row == previous + 1:
            block.append(token.string.lstrip("# "))
        else:
            if block:
                yield start, "comment", "\n".join(block)
            block, start = [token.string.lstrip("# ")], row
        previous = row
    if block:
        yield start, "comment", "\n".join(block)


def _script(source: str) -> Iterator[tuple[int, str, str]]:
    for match in JS_COMMENT.finditer(source):
        text = re.sub(r"^\s*(//|/?\*+/?)", "", match[0], flags=re.M)
        yield source.count("\n", 0, match.start()) + 1, "comment", text
    code = JS_COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
    for match in JS_STRING.finditer(code):
        text = re.sub(r"\$\{[^}]*\}", " … ", match[0][1:-1])
        text = re.sub(r"<[^>]*>", " ", text)
        if _is_prose(text):
            yield code.count("\n", 0, match.start()) + 1, "text", text


class _Page(HTMLParser):
    """Collects the texts and the readable attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str, str]] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("script", "style", "code", "pre")
        for name, value in attrs:
            if name in TEXT_ATTRIBUTES and value:
                self.found.append((self.getpos()[0], "text", value))

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style", "code", "pre")

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self.found.append((self.getpos()[0], "text", data.strip()))


def _template(source: str) -> Iterator[tuple[int, str, str]]:
    for match in TEMPLATE_COMMENT.finditer(source):
        yield source.count("\n", 0, match.start()) + 1, "comment", match[1]
    blank = lambda match: re.sub(r"[^\n]", " ", match[0])  # noqa: E731
    page = _Page()
    page.feed(TEMPLATE_CODE.sub(blank, TEMPLATE_COMMENT.sub(blank, source)))
    yield from page.found


def _markdown(source: str) -> Iterator[tuple[int, str, str]]:
    fenced = False
    block: list[str] = []
    start = 1
    for number, line in enumerate([*source.splitlines(), ""], start=1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced and line.strip() and not line.startswith("    "):
            if not block:
                start = number
            block.append(line)
            continue
        if block:
            yield start, "docs", "\n".join(block)
            block = []


def _is_prose(text: str) -> bool:
    """Return whether a string reads like words for people: at least three of them."""
    return len(re.findall(r"(?<![\w./@-])[A-Za-z][a-z']+(?![\w/@-])", text)) >= 3
