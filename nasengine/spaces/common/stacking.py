"""Settings of networks that stack a normal and a reduction cell, and the rules of them."""

from __future__ import annotations

from ...core.errors import InvalidSettings
from ...core.settings import setting


def cells() -> int:
    """The setting `cells`."""
    return setting(
        5, "Cells in the network; those at a third and at two thirds reduce.", low=1, high=40
    )


def channels() -> int:
    """The setting `channels`."""
    return setting(8, "Channels of the first cells; doubled by each reduction.", low=2, high=512)


def stem_multiplier() -> int:
    """The setting `stem_multiplier`."""
    return setting(3, "The small stem has this many times channels.", low=1, high=8)


def stem() -> str:
    """The setting `stem`."""
    return setting(
        "auto",
        "small: one 3x3 convolution; imagenet: three of stride 2; auto: imagenet from 64 pixels.",
        choices=("auto", "small", "imagenet"),
    )


class Stacked:
    """Settings with `cells`."""

    cells: int

    @property
    def reductions(self) -> tuple[int, int]:
        """The cells, counted from 0, that halve height and width."""
        return self.cells // 3, 2 * self.cells // 3


def check_operations(operations: tuple[str, ...], beside: str = "") -> None:
    """Two different operations at least, `beside` not counted, and none twice.

    Raises:
        InvalidSettings: it is otherwise.
    """
    chosen = [op for op in operations if op != beside]
    if len(set(operations)) != len(operations) or len(chosen) < 2:
        remedy = "name at least two different operations" + (f" beside {beside}" if beside else "")
        named = ", ".join(operations) or "nothing"
        raise InvalidSettings({"operations": f"{named} is no choice: {remedy}"})
