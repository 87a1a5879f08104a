"""Objective: the interface of network costs, and constraints on objectives."""

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
    """One objective of a search with its direction and unit.

    The name "latency@cpu" has kind "latency" and device "cpu"; "error" has no device.
    """

    name: str
    kind: str
    device: str | None
    better: Direction
    unit: str


def split_name(name: str) -> tuple[str, str | None]:
    """Split an objective's full name into kind and device."""
    kind, _, device = name.partition("@")
    return kind, device or None


@dataclass(frozen=True)
class Constraint:
    """A bound on an objective, such as params<2e6; comparisons are <, <=, > and >=."""

    objective: str
    comparison: str
    bound: float

    def violation(self, value: float) -> float:
        """Return 0 if `value` meets the bound, else its distance relative to the bound.

        The distance is absolute for a bound of 0, and positive for every violation.
        """
        excess = value - self.bound if "<" in self.comparison else self.bound - value
        strict = self.comparison in ("<", ">")
        if excess < 0 or (excess == 0 and not strict):
            return 0.0
        scale = abs(self.bound) or 1.0
        return max(excess / scale, 1e-12)


def parse_constraint(text: str) -> Constraint:
    """Parse a constraint such as "params<2e6".

    Raises:
        EngineError: the text is not an objective, a comparison and a finite number.
    """
    match = re.fullmatch(r"\s*([a-z_]+(?:@[\w.-]+)?)\s*(<=|>=|<|>)\s*(\S+)\s*", text)
    rule = "write an objective, one of < <= > >= and a number, such as params<2e6"
    if not match:
        raise EngineError(f"{shorten(text)} is not a constraint: {rule}")
    try:
        bound = float(match[3])
    except ValueError:
        raise EngineError(
            f"{shorten(match[3], 40)} in {shorten(text)} is not a number: {rule}"
        ) from None
    if not math.isfinite(bound):
        raise EngineError(f"the bound of {shorten(text)} is not finite: {rule}")
    return Constraint(match[1], match[2], bound)


class Objective(ABC):
    """One kind of cost of a built network.

    Attributes:
        kind: Name without the device.
        better: Direction of better values.
        cheap: The cost needs no trained weights and takes well under a second. Cheap costs are
            measured before training, so a violated constraint saves the training.
        on_device: The name needs a device, as in latency@cpu.
        from_estimator: The estimator reports the value; `measure` is never called.
        data_kinds: Kinds of data for which the objective is defined.
        help: One sentence for forms and the reference.
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
        """Measure the cost of a network.

        Args:
            network: The network with fresh weights, as it is deployed.
            input_shape: c x h x w of one image, or (1,) for one word.
            device: Name of the device file, None for objectives without a device.
        """
