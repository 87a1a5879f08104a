"""How numbers are written on pages; `static/js/format.js` does the same in the browser.

Both are held to tests/assets/format.json. Ties round away from zero, as a browser's
toFixed does.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

MISSING = "–"
PREFIXES = ("", "k", "M", "G", "T", "P")
COUNTS = ("params", "macs")
UNIT_WORDS = {"MAC": ""}


def fixed(value: float, decimals: int) -> str:
    """The value with so many decimals."""
    step = Decimal(1).scaleb(-decimals)
    return f"{Decimal(value).quantize(step, ROUND_HALF_UP):f}"


def significant(value: float, digits: int = 3) -> str:
    """The value with three significant digits; whole numbers keep all of theirs."""
    if value == 0:
        return "0"
    size = abs(value)
    if size < 1e-4:
        exponent = math.floor(math.log10(size))
        return f"{fixed(value / 10.0**exponent, digits - 1)}e{exponent}"
    if size >= 1e6:
        return counted(value)
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return fixed(value, decimals)


def counted(value: float) -> str:
    """A count with a prefix: 3.35 M, 528 M, 73.3 k; below a thousand as it is."""
    size, step = abs(value), 0
    while size >= 999.5 and step < len(PREFIXES) - 1:
        size /= 1000
        step += 1
    if step == 0:
        return fixed(value, 0) if value == int(value) else significant(value)
    decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{fixed(math.copysign(size, value), decimals)} {PREFIXES[step]}"


def number_text(kind: str, value: float | None, unit: str = "") -> str:
    """A value without its unit, rounded as its kind is: error 5.32, params 3.35 M."""
    if value is None or not math.isfinite(value):
        return MISSING
    if kind.partition("@")[0] in COUNTS:
        return counted(value)
    if unit == "%":
        return fixed(value, 2)
    return significant(value)


def value_text(kind: str, value: float | None, unit: str = "", spread: float | None = None) -> str:
    """A value with its unit, and its spread where there is one: 12.4 ms (± 0.3)."""
    number = number_text(kind, value, unit)
    if number == MISSING:
        return MISSING
    word = UNIT_WORDS.get(unit, unit)
    text = f"{number} {word}" if word else number
    if spread is None or not math.isfinite(spread):
        return text
    decimals = len(number.partition(".")[2].split(" ")[0].split("e")[0])
    return f"{text} (± {fixed(spread, decimals) if spread else '0'})"


def duration_text(seconds: float | None) -> str:
    """How long: 8 s, 3 min 20 s, 1 h 05 min, 2 d 3 h; never negative."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    whole = max(0, math.floor(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def age_text(seconds: float | None) -> str:
    """How long ago: just now, 40 s ago, 5 min ago, 3 h ago, 12 d ago."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    whole = max(0, math.floor(seconds))
    if whole < 10:
        return "just now"
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {word} ago"
    return f"{whole} s ago"
