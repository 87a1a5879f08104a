"""Print every passage that breaks a rule of the project's language; exit 1 if there is one."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.sources import ROOT, tracked

from .prose import Passage, passages
from .rules import ASK, FORBIDDEN, LIMITS, REPLACED, TELL

OURS = (".py", ".js", ".html", ".md")
# Rules quote what they forbid; the changelog and reports of released versions stay as published.
EXCLUDED = ("tests/language/", "tests/assets/", "docs/glossary.md", "CHANGELOG.md")


def project() -> list[Passage]:
    """Return every passage of the project's own files."""
    return [
        passage
        for path in tracked()
        if path.suffix in OURS
        and not {"vendor", "migrations"} & set(path.parts)
        and not str(path.relative_to(ROOT)).startswith(EXCLUDED)
        for passage in passages(path)
    ]


def faults(found: Iterable[Passage]) -> list[str]:
    """Return one line for each match of a forbidden pattern."""
    lines = []
    for passage in found:
        for rule in (*FORBIDDEN, *REPLACED):
            for match in rule.matches(passage):
                line = passage.line + passage.text.count("\n", 0, match.start())
                shown = " ".join(
                    passage.text[max(0, match.start() - 20) : match.end() + 40].split()
                )
                lines.append(
                    f"{_name(passage.path)}:{line}: {rule.name}: {shown!r} ({rule.remedy})"
                )
    return lines


def rates(found: Iterable[Passage]) -> dict[str, float]:
    """Return how often each limited pattern occurs per 10,000 words of docstrings and comments."""
    words, counts = 0, Counter[str]()
    for passage in found:
        if passage.kind in ("docstring", "comment") and passage.path.suffix == ".py":
            words += len(passage.text.split())
            # Ask and tell are the names of a strategy's methods.
            text = TELL.sub("", passage.text) if ASK.search(passage.text) else passage.text
            for name, (pattern, _) in LIMITS.items():
                counts[name] += len(pattern.findall(text))
    return {name: 10_000 * counts[name] / max(words, 1) for name in LIMITS}


def main() -> int:
    """Check the files named on the command line, or the whole project."""
    wanted = [Path(name).resolve() for name in sys.argv[1:]]
    found = [p for path in wanted for p in passages(path)] if wanted else project()
    lines = faults(found)
    if not wanted:
        for name, rate in rates(found).items():
            limit = LIMITS[name][1]
            if rate > limit:
                lines.append(f"{name}: {rate:.1f} per 10,000 words, at most {limit:g}")
    print("\n".join(lines) if lines else "language: nothing to change")
    return 1 if lines else 0


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
