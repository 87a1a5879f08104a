"""Words and patterns that the project's prose does not use, and how often others may occur."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .glossary import terms
from .prose import Passage

SENTENCE = r"(?:^|(?<=[.:;!?(]\s)|(?<=\n))\s*"


@dataclass(frozen=True)
class Rule:
    """A pattern with the reason and the remedy; `allowed` are texts in which a match is right."""

    name: str
    pattern: re.Pattern[str]
    remedy: str
    allowed: tuple[str, ...] = ()

    def matches(self, passage: Passage) -> list[re.Match[str]]:
        """Return the matches that no exception covers."""
        return [
            match
            for match in self.pattern.finditer(passage.text)
            if not any(word in _around(passage.text, match) for word in self.allowed)
        ]


def _around(text: str, match: re.Match[str]) -> str:
    return " ".join(text[max(0, match.start() - 30) : match.end() + 30].split())


def _words(name: str, pattern: str, remedy: str, *allowed: str) -> Rule:
    return Rule(name, re.compile(pattern, re.I), remedy, allowed)


FORBIDDEN = (
    _words("nobody", r"\b(nobody|somebody|whoever|whomever)\b", "name the person or the part"),
    _words("foretell", r"\bfor(e)?(tell|tells|told|telling)\b", "predict"),
    _words("archaic", r"\b(whence|thereof|therein|manieth|shall|ere|thus far)\b", "plain words"),
    _words("dear", r"\b(dearer|dearest|(as|so|too|how) dear|times as dear)\b", "slow, expensive"),
    _words(
        "lies, stands",
        r"\b(lies?|stands?) (in|on|at|there|once|here|under|beside|within|behind|between)\b",
        "is, are",
    ),
    _words("may as well", r"\bmay as well\b", "say what happens"),
    _words("gives up", r"\b(gives?|given|giving|gave) up\b", "stops, cancels, drops"),
    _words("by itself", r"\blooks? by itself\b|\bby itself that\b", "automatically"),
    _words("anew", r"\b(anew|hitherto|henceforth)\b", "again"),
    _words("ring", r"\bring(s|ing)? (for|again|the)\b", "notify"),
    _words("forest of ones", r"\bas how many\b|\bso much less\b|\bthe way of it\b", "plain words"),
    _words("house", r"\brules of the house\b|\broom(s)? of the house\b", "architecture"),
    Rule(
        "What at the start",
        re.compile(SENTENCE + r"What (?![^.\n]*\?)[a-z]"),
        "subject, verb, object",
    ),
    Rule("Of at the start", re.compile(SENTENCE + r"Of (?!course)[a-z]"), "subject, verb, object"),
    _words("alone", r"(?<!stand-)(?<!stands )(?<!leave it )(?<!left )\balone\b", "only"),
)

REPLACED = tuple(
    _words(f"not {word}", rf"\b{re.escape(word)}s?\b", term.word)
    for term in terms()
    for word in term.replaced
)

ASK = re.compile(r"\bask(s|ed|-tell)?\b", re.I)
TELL = re.compile(r"\b(un)?(tells?|told)\b", re.I)

# Per 10,000 words of docstrings and comments.
LIMITS = {
    "tell, told, say": (re.compile(r"\b(tell|tells|told|say|says|said)\b", re.I), 6.0),
    "where for if": (
        re.compile(r"\bwhere (there|none|nothing|that|this|not|one)\b", re.I),
        6.0,
    ),
    "beside": (re.compile(r"\bbeside\b", re.I), 6.0),
}
