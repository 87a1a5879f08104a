"""The pages of the documentation: their text, links and code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("benchmarks/*.md")])


def text_of(*pages: str) -> str:
    """Return the text of the named pages of docs/, or of all pages."""
    paths = [ROOT / "docs" / page for page in pages] if pages else PAGES
    return "\n".join(path.read_text() for path in paths)


def links_of(page: Path) -> list[str]:
    """Return the targets of links and pictures within the project."""
    found = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", page.read_text())
    return [target for target in found if not target.startswith(("http://", "https://", "#"))]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings: words in lower case, joined by hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def commands_of(text: str, program: str) -> list[str]:
    """Return the arguments of `program` in code, up to the end of the line or code span."""
    found = re.findall(rf"{re.escape(program)} ([^`\n]+)", text)
    return [command.split(" #")[0].split("  ")[0].strip() for command in found]
