"""Settings of networks that stack normal and reduction cells, shared by the cell spaces."""

from __future__ import annotations

from typing import Protocol

from ...core.errors import InvalidSettings
from ...core.settings import setting


class StemSettings(Protocol):
    """The settings from which a stem is built."""

    @property
    def channels(self) -> int: ...
    @property
    def stem(self) -> str: ...
    @property
    def stem_multiplier(self) -> int: ...


class StackSettings(StemSettings, Protocol):
    """The settings from which a stack of cells is built."""

    @property
    def cells(self) -> int: ...
    @property
    def reductions(self) -> tuple[int, int]: ...
    @property
    def reduced_skip(self) -> str: ...


class Stacked:
    """Base class of settings with the fields `cells` and `channels`, and those of the supernet."""

    cells: int
    channels: int
    supernet_cells: int | None
    supernet_channels: int | None

    @property
    def reductions(self) -> tuple[int, int]:
        """The indices of the cells that halve height and width, counted from 0."""
        return self.cells // 3, 2 * self.cells // 3

    @property
    def sizes_of_supernet(self) -> dict[str, int]:
        """The number of cells and channels of the supernet."""
        return {
            "cells": self.supernet_cells or self.cells,
            "channels": self.supernet_channels or self.channels,
        }


def cells() -> int:
    """Return the setting `cells`."""
    return setting(
        5, "Cells in the network; those at one and two thirds are reduction cells.", low=1, high=40
    )


def channels() -> int:
    """Return the setting `channels`."""
    return setting(
        8, "Channels of the first cell; each reduction cell doubles them.", low=2, high=512
    )


def supernet_cells() -> int | None:
    """Return the setting `supernet_cells`."""
    return setting(
        None,
        "Cells of the supernet, if it differs in size from the networks. Default: the same.",
        low=1,
        high=40,
        omit_default=True,
    )


def supernet_channels() -> int | None:
    """Return the setting `supernet_channels`."""
    return setting(
        None,
        "Channels of the supernet, if it differs in size from the networks. Default: the same.",
        low=2,
        high=512,
        omit_default=True,
    )


def stem_multiplier() -> int:
    """Return the setting `stem_multiplier`."""
    return setting(3, "Channels of the small stem, as a multiple of channels.", low=1, high=8)


def stem() -> str:
    """Return the setting `stem`."""
    return setting(
        "auto",
        "First layers. small: one 3x3 convolution; imagenet: three 3x3 convolutions of stride 2; "
        "auto: imagenet for images of at least 64 x 64 pixels, else small.",
        choices=("auto", "small", "imagenet"),
    )


def check_operations(operations: tuple[str, ...], besides: str = "") -> None:
    """Check that there are at least two different operations and no duplicates.

    Args:
        operations: Names of operations.
        besides: An operation that does not count towards the two.

    Raises:
        InvalidSettings: names the wrong list.
    """
    counted = [op for op in operations if op != besides]
    if len(set(operations)) != len(operations) or len(counted) < 2:
        suffix = f" besides {besides}" if besides else ""
        listed = ", ".join(operations) or "none"
        raise InvalidSettings(
            {"operations": f"must be at least two different operations{suffix} (got {listed})"}
        )
