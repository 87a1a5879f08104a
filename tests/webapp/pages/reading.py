"""Reading a page as a person does: texts of elements, found by their test id."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

VOID = {"area", "br", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Element:
    """One element: tag, attributes, children and texts in order."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None):
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.parts: list[Element | str] = []

    @property
    def text(self) -> str:
        """All texts below, runs of white space as one space."""
        joined = "".join(p if isinstance(p, str) else f" {p.text} " for p in self.parts)
        return re.sub(r"\s+", " ", joined).strip()

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Every element below with that tag and those attributes (data_x for data-x)."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        found = []
        for part in self.parts:
            if isinstance(part, str):
                continue
            fits = all(part.attributes.get(k) == v for k, v in wanted.items())
            if fits and (not tag or part.tag == tag):
                found.append(part)
            found += part.all(tag, **attributes)
        return found

    def one(self, testid: str) -> Element:
        """The only element of that data-testid."""
        found = self.all(data_testid=testid)
        assert len(found) == 1, f"{len(found)} elements are called {testid}"
        return found[0]

    def rows(self) -> list[list[str]]:
        """The texts of the cells of every body row below."""
        rows = [r for body in self.all("tbody") for r in body.all("tr")]
        return [[c.text for c in r.parts if isinstance(c, Element)] for r in rows]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {k: v or "" for k, v in attrs}, self.here)
        self.here.parts.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag):
        at = self.here
        while at.parent is not None and at.tag != tag:
            at = at.parent
        if at.parent is not None:
            self.here = at.parent

    def handle_data(self, data):
        self.here.parts.append(data)


def read(response) -> Element:
    """The page of a response."""
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader.root


def embedded(page: Element, element_id: str):
    """The JSON of a script element."""
    (found,) = page.all("script", id=element_id)
    return json.loads("".join(p for p in found.parts if isinstance(p, str)))
