"""Space `decision-list`: decisions of any meaning, such as the columns of a benchmark table.

The settings are the decisions themselves. An architecture is one option for each; only the
person who measured it knows what it means, so no network can be built. Searches
look it up in a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...core.architecture import Architecture
from ...core.decision import Decision
from ...core.errors import EngineError, InvalidArchitecture
from ...core.text import shorten
from ..common.decision_space import DecisionSpace
from .config import DecisionListConfig

if TYPE_CHECKING:
    import torch

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class DecisionListSpace(DecisionSpace):
    """Lists of decisions, such as the rows of a table; no networks are built.

    The genome is an object from the name of each decision to its option.
    """

    name = "decision-list"
    Config = DecisionListConfig
    capabilities = DecisionSpace.capabilities | {"parse"}
    builds_networks = False
    config: DecisionListConfig

    def decisions(self) -> tuple[Decision, ...]:
        return tuple(
            Decision(name, options, "size" if all(map(is_number, options)) else "op", block)
            for block, (name, options) in enumerate(self.config.parsed)
        )

    def build(
        self,
        architecture: Architecture,
        input_shape: tuple[int, ...],
        classes: int,
        auxiliary: bool = False,
    ) -> torch.nn.Module:
        raise EngineError(self.no_network())

    def text(self, architecture: Architecture) -> str:
        pieces = self.config.pieces
        if pieces is None:
            return super().text(architecture)
        return pieces[0] + "".join(
            option + piece
            for option, piece in zip(self._chosen(architecture), pieces[1:], strict=True)
        )

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a text in the form of the template.

        Raises:
            InvalidArchitecture: there is no template, or the text has another form.
        """
        if self.config.pieces is None:
            raise InvalidArchitecture(
                "the setting template is empty: write the options of the decisions as JSON"
            )
        choices = self._choices_in(text, self.config.pieces)
        if choices is None:
            raise InvalidArchitecture(
                f"{shorten(text)} must look like {shorten(self.config.template, 200)} with an "
                "option of each decision in place of each *"
            )
        return self.from_choices(choices)

    def graph(self, architecture: Architecture) -> dict[str, Any]:
        """Return the list of decisions that pages show in place of a drawing."""
        names = (decision.name for decision in self._decisions)
        pairs = zip(names, self._chosen(architecture), strict=True)
        return {"cells": [], "decisions": [{"name": n, "option": option} for n, option in pairs]}

    def _chosen(self, architecture: Architecture) -> list[str]:
        pairs = zip(self._decisions, self.choices(architecture), strict=True)
        return [decision.options[choice] for decision, choice in pairs]

    def _choices_in(self, text: str, pieces: Sequence[str]) -> list[int] | None:
        """Return the options that a text names; None if it has another form."""
        if not text.startswith(pieces[0]):
            return None
        start, choices = len(pieces[0]), []
        for index, (decision, piece) in enumerate(zip(self._decisions, pieces[1:], strict=True)):
            lengths = {len(option) for option in decision.options}
            if index == len(self._decisions) - 1:
                end = len(text) - len(piece)
            elif len(lengths) == 1:
                end = start + lengths.pop()
            else:
                end = text.find(piece, start)
            option = text[start:end] if end > start else ""
            if option not in decision.options or not text.startswith(piece, end):
                return None
            choices.append(decision.options.index(option))
            start = end + len(piece)
        return choices if start == len(text) else None


def is_number(text: str) -> bool:
    """Return whether a text is a decimal number."""
    return NUMBER.fullmatch(text) is not None
