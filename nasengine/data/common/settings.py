"""Settings shared by the data sets that are read from image files."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.settings import setting

SPLIT_HELP = "Seed of the split into train and validation images."
LIMIT_HELP = "Number of images used by the search, classes in proportion; empty: all."
# With fewer images, a part of ten classes has hardly one image of each class.
MIN_LIMIT = 20


@dataclass(frozen=True)
class FilesConfig:
    """Path of the files and the split into train and validation images."""

    path: str = setting("", "Folder or file on the machine that trains.")
    valid_share: float = setting(
        0.1, "Share of the training images used for validation.", low=0.01, high=0.9
    )
    split_seed: int = setting(0, SPLIT_HELP, low=0, high=2**31 - 1)
    limit: int | None = setting(None, LIMIT_HELP, low=MIN_LIMIT)
