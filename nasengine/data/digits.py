"""Data set `digits`: 1,797 handwritten digits of 8x8 pixels, inside scikit-learn."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from ..core.settings import setting
from .settings import LEAST_LIMIT, LIMIT_HELP, SPLIT_HELP
from .split import set_test_apart
from .stored import Stored, StoredDataset, digest_of


@dataclass(frozen=True)
class DigitsConfig:
    """Settings of `digits`; with the defaults the parts are 60, 20 and 20 percent."""

    valid_share: float = setting(
        0.25, "Share of the images outside of the test part that validates.", low=0.01, high=0.9
    )
    split_seed: int = setting(0, SPLIT_HELP, low=0, high=2**31 - 1)
    limit: int | None = setting(None, LIMIT_HELP, low=LEAST_LIMIT)


class Digits(StoredDataset):
    """Small enough for a search on an ordinary machine; nothing to download.

    The source has no test part, so a fixed, stratified fifth is set apart.
    """

    name = "digits"
    Config = DigitsConfig
    config: DigitsConfig

    def stamp(self) -> Hashable:
        return "inside scikit-learn"

    def read(self) -> Stored:
        from sklearn.datasets import load_digits  # takes a second to import

        found = load_digits()
        images = found.images.astype(np.uint8)[:, None]
        labels = found.target.astype(np.int64)
        search, test = set_test_apart(labels)
        return Stored(
            images=images[search],
            labels=labels[search],
            test_images=images[test],
            test_labels=labels[test],
            classes=10,
            digest=digest_of(images, labels),
        )
