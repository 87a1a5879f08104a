"""Tests of `digits`: the images of scikit-learn without importing it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nasengine.core.errors import EngineError
from nasengine.data import digits
from nasengine.data.digits import Digits, DigitsConfig

IMPORTED = """import sys
from nasengine.data.common.named import named_dataset
named_dataset("digits", {}).facts()
print("sklearn" in sys.modules)"""


def test_images_and_labels_equal_those_of_scikit_learn():
    stored, expected = Digits(DigitsConfig()).read(), load_digits()
    parts = ((stored.images, stored.labels), (stored.test_images, stored.test_labels))
    ours = sorted(
        (*image.ravel(), label)
        for images, labels in parts
        for image, label in zip(images, labels, strict=True)
    )
    rows = np.column_stack([expected.data, expected.target]).astype(int)
    assert ours == sorted(map(tuple, rows.tolist()))
    assert stored.images.shape[1:] == (1, 8, 8)
    assert (stored.images.dtype, stored.labels.dtype) == (np.uint8, np.int64)


def test_scikit_learn_is_not_imported():
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout == "False\n"


def test_a_missing_scikit_learn_is_reported(monkeypatch):
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="scikit-learn, which is not installed: install it"):
        Digits(DigitsConfig()).read()
