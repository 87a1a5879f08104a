"""The settings that data sets read from files share."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting

SPLIT_HELP = "Which images validate: another number, another split of the same size."
LIMIT_HELP = "Search with only this many images, classes in proportion; empty: all."
# Below this, a part of ten classes has hardly an image of each.
MIN_LIMIT = 20


@dataclass(frozen=True)
class FilesConfig:
    """Where the files are and how they are split."""

    path: str = setting("", "Folder (or file) on the machine that trains.")
    valid_share: float = setting(
        0.1, "Share of the training images that validates instead.", low=0.01, high=0.9
    )
    split_seed: int = setting(0, SPLIT_HELP, low=0, high=2**31 - 1)
    limit: int | None = setting(None, LIMIT_HELP, low=MIN_LIMIT)
