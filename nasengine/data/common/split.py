"""Stratified, seeded splits: every part has the classes in the same shares."""

from __future__ import annotations

import numpy as np

from ...core.errors import EngineError
from ...core.seeds import generator

# The test part never moves with a setting: otherwise two runs of one study, each with its
# own split seed, would train on each other's test images.
TEST_SEED = 0
TEST_SHARE = 0.2


def stratified_order(labels: np.ndarray, seed: int, purpose: str = "split") -> np.ndarray:
    """A random order of 0 .. n - 1 whose every beginning holds the classes in proportion.

    Each image gets the place (rank + 1/2) / (size of its class), its rank being random;
    sorted by place, k images hold share x k of a class, give or take one.
    """
    shuffled = generator(seed, purpose).permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffled[np.argsort(place[shuffled], kind="stable")]


def set_test_apart(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions for searching and for testing, where a source has no test part of its own."""
    order = stratified_order(labels, TEST_SEED, "test")
    count = round(TEST_SHARE * len(labels))
    return np.sort(order[count:]), np.sort(order[:count])


def split(
    labels: np.ndarray, valid_share: float, seed: int, limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of train and valid, made from the first `limit` of the stratified order.

    Raises:
        EngineError: a part would be left with fewer images than there are classes.
    """
    order = stratified_order(labels, seed)[:limit]
    count = round(valid_share * len(order))
    classes = len(np.unique(labels))
    train, valid = order[count:], order[:count]
    if min(len(train), len(valid)) < classes:
        raise EngineError(
            f"valid_share {valid_share:g} of {len(order)} images leaves {len(train)} to train and "
            f"{len(valid)} to validate: each needs at least one for each of {classes} classes; "
            "raise limit or move valid_share"
        )
    return train, valid
