"""Array arithmetic against closed forms and the textbook formula."""

from __future__ import annotations

import numpy as np
import pytest

from nasengine.core.arithmetic import softmax


def test_softmax_of_known_logits_is_known():
    assert softmax(np.log([1.0, 2.0, 5.0])) == pytest.approx([0.125, 0.25, 0.625], abs=1e-15)


def test_softmax_agrees_with_its_definition_row_by_row():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(50, 7))
    slow = [[np.exp(x) / sum(np.exp(row)) for x in row] for row in logits]
    assert softmax(logits) == pytest.approx(np.array(slow), rel=1e-12)


def test_softmax_of_a_matrix_has_the_same_bits_as_softmax_of_its_rows():
    logits = np.random.default_rng(1).normal(size=(30, 5)) * 20
    assert (softmax(logits) == np.array([softmax(row) for row in logits])).all()


def test_softmax_of_large_logits_does_not_overflow():
    assert softmax(np.array([1e4, 1e4, -1e4])) == pytest.approx([0.5, 0.5, 0.0])


def test_a_logit_of_minus_infinity_gets_no_probability():
    assert softmax(np.array([0.0, -np.inf, 0.0])).tolist() == [0.5, 0.0, 0.5]


def test_softmax_computes_in_float64():
    assert softmax(np.array([0.1, 0.2], dtype=np.float32)).dtype == np.float64
