"""The benchmark of a DARTS step: its output, and equal steps of both forms."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import torch
from torch.nn import functional

from benchmarks import supernet_step
from nasengine.spaces.cell.config import CellConfig


def test_the_output_has_seconds_and_their_ratio(monkeypatch, capsys, own_threads):
    monkeypatch.setattr(supernet_step, "CONFIG", CellConfig(cells=3, channels=2, nodes=1))
    monkeypatch.setattr(supernet_step, "SHAPE", (3, 8, 8))
    monkeypatch.setattr(
        sys, "argv", ["supernet_step.py", "--json", "--repeats", "1", "--threads", "1", "--second"]
    )
    passes = []  # each one lasts a second on the clock of this test

    def cross_entropy(*values):
        passes.append(1)
        return functional.cross_entropy(*values)

    stand_ins = {"functional": {"cross_entropy": cross_entropy}}
    stand_ins["time"] = {"perf_counter": lambda: float(len(passes))}
    for name, functions in stand_ins.items():
        monkeypatch.setattr(supernet_step, name, SimpleNamespace(**functions))
    supernet_step.main()
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {
        "seconds", "plain_seconds", "ratio", "second_order_seconds", "machine", "precision", "torch"
    }  # fmt: skip
    assert figures["machine"].endswith("1 threads")
    assert (figures["seconds"], figures["plain_seconds"], figures["ratio"]) == (2, 2, 1)
    # The second order takes a pass for the unrolled weights and two for its finite difference.
    assert figures["second_order_seconds"] == 5


def test_both_forms_take_equal_steps(monkeypatch):
    """The plain form computes additional gradients that it does not use."""
    monkeypatch.setattr(supernet_step, "SHAPE", (3, 8, 8))
    config = CellConfig(cells=3, channels=4, nodes=1)
    space = supernet_step.CellSpace(config)
    torch.manual_seed(0)
    fast = space.build(space.supernet(), (3, 8, 8), 10)
    plain = supernet_step.PlainCellNetwork(config, (3, 8, 8), 10)
    supernet_step.copy_weights(plain, fast, 2, config.operations)
    before = {name: alpha.detach().clone() for name, alpha in fast.alphas.items()}
    for take in (supernet_step.fast_step, supernet_step.plain_step):
        torch.manual_seed(1)
        network = fast if take is supernet_step.fast_step else plain
        both = supernet_step.losses(network, torch.device("cpu"), bf16=False)
        step = take(network, both, False) if network is fast else take(network, both)
        step()
    for name, alpha in fast.alphas.items():
        assert not torch.equal(alpha, before[name])
        assert torch.allclose(alpha, plain.alphas[name], atol=1e-5)
    assert torch.allclose(fast.classifier.weight, plain.classifier.weight, atol=1e-5)
    assert torch.allclose(fast.cells[0].newer[1].weight, plain.cells[0].newer[1].weight, atol=1e-4)
