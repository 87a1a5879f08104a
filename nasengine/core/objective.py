"""Objective: what counts as good, and constraints on it."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from .dataset import DataKind
from .errors import EngineError
from .measurement import Measurement
from .text import shorten

if TYPE_CHECKING:
    import torch

Direction = Literal["lower", "higher"]


@dataclass(frozen=True)
class Goal:
    """One objective of a search: full name, what the name is made of, direction, unit.

    "latency@cpu" has kind "latency" and device "cpu"; "error" has no device.
    """

    name: str
    kind: str
    device: str | None
    better: Direction
    unit: str


def split_name(name: str) -> tuple[str, str | None]:
    """Kind and device of an objective's full name."""
    kind, _, device = name.partition("@")
    return kind, device or None


@dataclass(frozen=True)
class Constraint:
    """A bound on an objective, such as params<2e6 (also <=, >, >=)."""

    objective: str
    comparison: str
    bound: float

    def violation(self, value: float) -> float:
        """0 when met, else by how much, relative to the bound (absolute where it is 0)."""
        excess = value - self.bound if "<" in self.comparison else self.bound - value
        strict = self.comparison in ("<", ">")
        if excess < 0 or (excess == 0 and not strict):
            return 0.0
        scale = abs(self.bound) or 1.0
        return max(excess / scale, 1e-12)


def parse_constraint(text: str) -> Constraint:
    """A Constraint from text.

    Raises:
        EngineError: the text is not NAME, comparison, finite number.
    """
    match = re.fullmatch(r"\s*([a-z_]+(?:@[\w.-]+)?)\s*(<=|>=|<|>)\s*(\S+)\s*", text)
    rule = "a constraint is an objective, one of < <= > >= and a number, as in params<2e6"
    if not match:
        raise EngineError(f"{shorten(text)} is no constraint: {rule}")
    try:
        bound = float(match[3])
    except ValueError:
        raise EngineError(
            f"{shorten(match[3], 40)} in {shorten(text)} is no number: {rule}"
        ) from None
    if not math.isfinite(bound):
        raise EngineError(f"the bound of {shorten(text)} is not finite: {rule}")
    return Constraint(match[1], match[2], bound)


class Objective(ABC):
    """How one kind of cost is taken from a built network.

    `cheap` objectives need no trained weights and take well under a second: they are
    measured before training, so that a constraint on them can spare it. `from_estimator`
    ones (error) are what an estimator itself reports; `measure` is never called on them.
    `of` says on which data it has a meaning.
    """

    kind: ClassVar[str]
    better: ClassVar[Direction] = "lower"
    unit: ClassVar[str] = ""
    cheap: ClassVar[bool] = False
    on_device: ClassVar[bool] = False
    from_estimator: ClassVar[bool] = False
    data_kinds: ClassVar[tuple[DataKind, ...]] = ("images", "text")
    help: ClassVar[str] = ""

    @abstractmethod
    def measure(
        self,
        network: torch.nn.Module,
        input_shape: tuple[int, ...],
        device: str | None,
    ) -> Measurement:
        """The cost of one input of c x h x w, or of one word."""
