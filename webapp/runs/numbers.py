"""Number formats of pages; `static/js/format.js` has the same for plots.

Tests hold both to tests/assets/format.json. Ties round away from zero, like toFixed in a
browser.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

MISSING = "–"
PREFIXES = ("", "k", "M", "G", "T", "P")
COUNTS = ("params", "macs")
SIZES = ("B",)  # units that are written with a prefix: 39.2 MB
UNIT_LABELS = {"MAC": ""}
UNSURE_SHARE = 0.1


def fixed(value: float, decimals: int) -> str:
    """Return the value with this many decimals."""
    step = Decimal(1).scaleb(-decimals)
    return f"{Decimal(value).quantize(step, ROUND_HALF_UP):f}"


def significant(value: float, digits: int = 3, *, prefixes: bool = True) -> str:
    """Return the value with three significant digits; whole numbers keep all digits.

    From a million on it has a prefix (12.3 M) or, without `prefixes`, an exponent (1.23e7).
    """
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 and prefixes:
        return counted(value)
    if size < 1e-4 or size >= 1e6:
        return _scientific(value, digits)
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return fixed(value, decimals)


def _scientific(value: float, digits: int) -> str:
    exponent = math.floor(math.log10(abs(value)))
    text = fixed(value / 10.0**exponent, digits - 1)
    if text.lstrip("-").startswith("10"):  # 9.999 is rounded up
        exponent += 1
        text = fixed(value / 10.0**exponent, digits - 1)
    return f"{text}e{exponent}"


def counted(value: float) -> str:
    """Return a count with a prefix: 3.35 M, 528 M, 73.3 k; unchanged below a thousand."""
    size, step = abs(value), 0
    while size >= 999.5 and step < len(PREFIXES) - 1:
        size /= 1000
        step += 1
    if step == 0:
        return fixed(value, 0) if value == int(value) else significant(value)
    decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{fixed(math.copysign(size, value), decimals)} {PREFIXES[step]}"


def number_text(kind: str, value: float | None, unit: str = "") -> str:
    """Return a value without its unit, rounded for its kind: error 5.32, params 3.35 M."""
    if value is None or not math.isfinite(value):
        return MISSING
    if kind.partition("@")[0] in COUNTS or unit in SIZES:
        return counted(value)
    if unit == "%":
        return fixed(value, 2)
    return significant(value, prefixes=not unit)


def size_text(count: float | None) -> str:
    """Return a number of bytes in powers of 1000: 812 B, 4.10 kB, 39.2 MB."""
    return value_text("", count, "B")


def value_text(kind: str, value: float | None, unit: str = "", spread: float | None = None) -> str:
    """Return a value with its unit and, if known, its spread: 12.4 ms (± 0.3), 39.2 MB.

    A prefix belongs to the unit, and the spread has the same one.
    """
    number = number_text(kind, value, unit)
    if number == MISSING:
        return MISSING
    mantissa, _, prefix = number.partition(" ")
    text = f"{mantissa} {prefix}{UNIT_LABELS.get(unit, unit)}".rstrip()
    if spread is None or not math.isfinite(spread):
        return text
    return f"{text} (± {_deviation(spread, number)})"


def mean_text(kind: str, mean: float | None, deviation: float | None, unit: str = "") -> str:
    """Return mean ± standard deviation without the unit: 0.786 ± 0.001, 3.35 M ± 0.01 M."""
    number = number_text(kind, mean, unit)
    if number == MISSING or deviation is None or not math.isfinite(deviation):
        return number
    prefix = number.partition(" ")[2]
    return f"{number} ± {_deviation(deviation, number)} {prefix}".rstrip()


def _deviation(deviation: float, number: str) -> str:
    """Return a deviation with the prefix and the decimals of its number, or one digit of it.

    One that these decimals would round to 0 has one significant digit.
    """
    if not deviation:
        return "0"
    mantissa, _, prefix = number.partition(" ")
    if "e" in mantissa:
        return significant(deviation, 2, prefixes=False)
    scaled = deviation / 1000.0 ** PREFIXES.index(prefix)
    text = fixed(scaled, len(mantissa.partition(".")[2]))
    return text if float(text) else significant(scaled, 1)


def is_unsure(value: float, spread: float | None) -> bool:
    """Return whether a value has a spread of more than a tenth of it."""
    return spread is not None and spread > UNSURE_SHARE * abs(value)


def duration_text(seconds: float | None) -> str:
    """Return a duration: 8 s, 3 min 20 s, 1 h 05 min, 2 d 3 h; never negative."""
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
    """Return an age: just now, 40 s ago, 5 min ago, 3 h ago, 12 d ago."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    whole = max(0, math.floor(seconds))
    if whole < 10:
        return "just now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} ago"
    return f"{whole} s ago"
