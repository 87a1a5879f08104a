"""Float16 may differ by 1 % of the largest output, and no more."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from nasengine.core.errors import EngineError
from nasengine.execution.network_folder import load_stored
from nasengine.exports.context import ExportContext
from nasengine.exports.graph.half import to_half
from nasengine.exports.tolerances import check_half, scaled


@pytest.fixture(scope="module")
def context(small, tmp_path_factory):
    return ExportContext(load_stored(small), tmp_path_factory.mktemp("work"))


def test_a_tolerance_follows_outputs_above_1_only(context, monkeypatch):
    largest = np.abs(context.examples().valid(256).outputs["logits"]).max()
    assert scaled(0.01, context) == pytest.approx(0.01 * max(1, largest))
    assert scaled(0.01, context, softmax=True) == 0.01, "probabilities are below 1"


def test_a_float16_file_within_it_passes_and_another_is_refused(context, tmp_path):
    path = tmp_path / "model_fp16.onnx"
    onnx.save(to_half(context.onnx().load()), path)
    check_half(context, path, scaled(0.01, context))
    with pytest.raises(EngineError, match=r"model_fp16.onnx differs .* allowed are 1e-07: this"):
        check_half(context, path, 1e-7)
