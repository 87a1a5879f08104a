"""Stratified, seeded splits: every part has the same class proportions."""

from __future__ import annotations

import numpy as np

from ...core.errors import EngineError
from ...core.seeds import generator

# The test part does not depend on settings: otherwise two runs of one study with different
# split seeds would train on each other's test images.
TEST_SEED = 0
TEST_SHARE = 0.2


def stratified_order(labels: np.ndarray, seed: int, purpose: str = "split") -> np.ndarray:
    """Return a random order of 0 .. n - 1 in which every prefix is stratified.

    Each image gets the sort key (rank + 1/2) / (size of its class) with a random rank within
    its class. The first k images in this order hold k times a class's share, within one image.
    """
    shuffled = generator(seed, purpose).permutation(len(labels))
    sort_key = np.empty(len(labels))
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        sort_key[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffled[np.argsort(sort_key[shuffled], kind="stable")]


def set_test_apart(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of the search part and the test part of a source without a test part."""
    order = stratified_order(labels, TEST_SEED, "test")
    count = round(TEST_SHARE * len(labels))
    return np.sort(order[count:]), np.sort(order[:count])


def split(
    labels: np.ndarray, valid_share: float, seed: int, limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of train and valid among the first `limit` of the stratified order.

    Raises:
        EngineError: a part would have fewer images than there are classes.
    """
    order = stratified_order(labels, seed)[:limit]
    count = round(valid_share * len(order))
    classes = len(np.unique(labels))
    train, valid = order[count:], order[:count]
    if min(len(train), len(valid)) < classes:
        raise EngineError(
            f"valid_share {valid_share:g} of {len(order)} images leaves {len(train)} to train and "
            f"{len(valid)} to validate: each part needs at least {classes}, one per class; "
            "raise limit or change valid_share"
        )
    return train, valid
