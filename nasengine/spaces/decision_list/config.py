"""Settings of space `decision-list`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ...core.errors import InvalidSettings
from ...core.settings import setting
from ...core.text import shorten
from .notation import parse_decision, parse_template

MAX_DECISIONS = 64
MAX_OPTIONS = 128  # of one decision
MAX_NAME_LENGTH = 100  # characters of a name or an option
# Every architecture contains the settings of its space, so they must stay small.
MAX_CHARACTERS = 8000
EXAMPLE = (
    "depth=1|2|3|4",
    "width=16|32|64|128",
    "kernel=1|3|5|7",
    "expansion=1|2|4|6",
    "activation=elu|gelu|relu|swish",
    "normalisation=batch|group|layer|none",
    "pooling=average|max|none",
    "skips=none|some|all",
)


@dataclass(frozen=True)
class DecisionListConfig:
    """Settings of space `decision-list`.

    Raises:
        InvalidSettings: a decision or the template has another form, or there are too many.
    """

    decisions: tuple[str, ...] = setting(
        EXAMPLE,
        "Decisions of an architecture, each as NAME=OPTION|OPTION. Write %2C for a comma in a "
        "name, %7C for |, %3D for =, %2A for * and %25 for %. A table fills them in.",
    )
    template: str = setting(
        "",
        "Text of an architecture, with * for the option of each decision in order, such as *-*-*. "
        "Default: names and options.",
    )

    def __post_init__(self) -> None:
        try:
            parsed = tuple(map(parse_decision, self.decisions))
            _check_decisions(parsed)
        except ValueError as error:
            raise InvalidSettings({"decisions": str(error)}) from None
        if (size := sum(map(len, self.decisions))) > MAX_CHARACTERS:
            raise InvalidSettings(
                {
                    "decisions": f"must have at most {MAX_CHARACTERS:,} characters together "
                    f"(got {size:,}): shorten names and options, or leave decisions out"
                }
            )
        try:
            _check_template(self.template, [options for _, options in parsed])
        except ValueError as error:
            raise InvalidSettings({"template": str(error)}) from None

    @cached_property
    def parsed(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Name and options of each decision."""
        return tuple(map(parse_decision, self.decisions))

    @cached_property
    def pieces(self) -> tuple[str, ...] | None:
        """The constant texts around the options in the template; None without a template."""
        return parse_template(self.template) if self.template else None


def check_decision(name: str, options: tuple[str, ...]) -> None:
    """Check one decision.

    Raises:
        ValueError: a text or the number of options is not allowed.
    """
    for text in (name, *options):
        if not text or len(text) > MAX_NAME_LENGTH or not text.isprintable():
            raise ValueError(
                f"has {shorten(text, 40)}: names and options must have 1 to {MAX_NAME_LENGTH} "
                f"printable characters (got {len(text):,})"
            )
    if not 2 <= len(options) <= MAX_OPTIONS:
        raise ValueError(
            f"{shorten(name)} must have 2 to {MAX_OPTIONS} options (got {len(options):,})"
        )
    if len(set(options)) < len(options):
        raise ValueError(f"{shorten(name)} has an option twice: name each once")


def _check_decisions(decisions: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    if not 1 <= len(decisions) <= MAX_DECISIONS:
        raise ValueError(f"must be 1 to {MAX_DECISIONS} decisions (got {len(decisions):,})")
    for name, options in decisions:
        check_decision(name, options)
    names = [name for name, _ in decisions]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{shorten(repeated)} names two decisions: give each its own name")


def _check_template(template: str, options: list[tuple[str, ...]]) -> None:
    """Check that every text of the template can be read in one way."""
    if not template:
        return
    pieces = parse_template(template)
    if len(pieces) != len(options) + 1:
        raise ValueError(
            f"must have one * for each of the {len(options)} decisions (got {len(pieces) - 1})"
        )
    if not "".join(pieces).isprintable():
        raise ValueError("must have printable characters only")
    for following, choices in zip(pieces[1:-1], options[:-1], strict=True):
        same_length = len({len(option) for option in choices}) == 1
        ends = all((option + following).find(following) == len(option) for option in choices)
        if not (same_length or (following and ends)):
            raise ValueError(
                f"must have a text that no option contains between two decisions, unless all "
                f"options are equally long (got {shorten(following)} after "
                f"{shorten('|'.join(choices))})"
            )
