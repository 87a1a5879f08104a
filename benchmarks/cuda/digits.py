"""The first epoch of DARTS on `digits`, in processes of their own, and where its time goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

VARIANTS = ("default", "default again", "float32", "without cuDNN")
PROGRAM = """
import json, sys, time
started = time.perf_counter()
marks = {}
def mark(name):
    marks[name] = round(time.perf_counter() - started, 2)
import torch
mark("torch imported")
device, variant = sys.argv[1:]
if variant == "without cuDNN":
    torch.backends.cudnn.enabled = False
if device == "cuda":
    torch.zeros(1, device="cuda")
    mark("CUDA started")
from nasengine.core.estimator import Evaluation
from nasengine.core.proposal import Proposal
from nasengine.core.weight_store import MemoryWeightStore
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.one_shot.darts.trainer import DartsTrainer
from nasengine.estimators.one_shot.darts import epoch as module
from nasengine.strategies.one_shot.darts.config import DartsConfig
from nasengine.spaces.cell.space import CellSpace
mark("engine imported")
space = CellSpace(CellSpace.Config())
step = module.DartsTraining.epoch
def epoch(self):
    mark("supernet built")
    taken = []
    from nasengine.estimators.one_shot.darts.pair_step import PairStep
    call = PairStep.__call__
    def timed(self, pair):
        result = call(self, pair)
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(None)
        mark(f"step {len(taken)}")
        return result
    PairStep.__call__ = timed
    result = step(self)
    PairStep.__call__ = call
    mark("epoch done")
    return result
module.DartsTraining.epoch = epoch
def run(number):
    note = {"do": "epoch", "seed": 0, "epoch": 0, "epochs": 25, "from": None, "spent": None}
    precision = "float32" if variant == "float32" else "auto"
    trainer = DartsTrainer(DartsConfig(), TrainConfig(device=device, precision=precision))
    return trainer.train(Evaluation(
        proposal=Proposal(number, space.supernet(), note=note), space=space, goals=(), seed=0,
        dataset="digits", dataset_config={}, report=lambda report: None,
        cancelled=lambda: False, weights=MemoryWeightStore()))
outcome = run(0)
assert outcome.state == "trained", outcome
mark("end")
first = dict(marks)
started, marks = time.perf_counter(), {}
run(1)
mark("second epoch of this process")
print(json.dumps({**first, "second": marks["second epoch of this process"]}))
"""


def first_epochs(device: torch.device) -> Iterator[tuple[str, Any]]:
    """Yield each variant and the seconds after which each part of its first epoch was over.

    Instead of the seconds, a variant that failed has the end of its output.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for variant in VARIANTS:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, device.type, variant],
            check=False,
            capture_output=True,
            text=True,
            timeout=90,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
        last = json.loads(run.stdout.splitlines()[-1]) if run.returncode == 0 else None
        yield variant, last or run.stderr[-1500:]
