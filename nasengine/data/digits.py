"""Data set `digits`: 1,797 handwritten digits of 8x8 pixels, included in scikit-learn."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..core.errors import EngineError
from ..core.settings import setting
from .common.settings import LIMIT_HELP, MIN_LIMIT, SPLIT_HELP
from .common.split import set_test_apart
from .common.stored import Stored, StoredDataset, digest_of

SIZE = 8  # pixels on a side


@dataclass(frozen=True)
class DigitsConfig:
    """Settings of `digits`; with the defaults the parts are 60, 20 and 20 percent."""

    valid_share: float = setting(
        0.25,
        "Validation share of the images that are not in the test part.",
        low=0.01,
        high=0.9,
    )
    split_seed: int = setting(0, SPLIT_HELP, low=0, high=2**31 - 1)
    limit: int | None = setting(None, LIMIT_HELP, low=MIN_LIMIT)


class Digits(StoredDataset):
    """A data set without download, small enough for a search on one CPU core.

    The source has no test part; a fixed, stratified fifth of the images is the test part.
    """

    name = "digits"
    max_pixel = 16
    class_names = tuple("0123456789")
    Config = DigitsConfig
    config: DigitsConfig

    def stamp(self) -> Hashable:
        return "inside scikit-learn"

    def read(self) -> Stored:
        table = np.loadtxt(_source(), delimiter=",")
        images = table[:, :-1].astype(np.uint8).reshape(-1, 1, SIZE, SIZE)
        labels = table[:, -1].astype(np.int64)
        search, test = set_test_apart(labels)
        return Stored(
            images=images[search],
            labels=labels[search],
            test_images=images[test],
            test_labels=labels[test],
            classes=10,
            digest=digest_of(images, labels),
        )


def _source() -> Path:
    """Return the file that scikit-learn's load_digits reads: rows of 64 pixels and the digit.

    scikit-learn is located but not imported: the import would take two seconds in every
    process that trains.

    Raises:
        EngineError: scikit-learn is not installed.
    """
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("digits is part of scikit-learn, which is not installed: install it")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
