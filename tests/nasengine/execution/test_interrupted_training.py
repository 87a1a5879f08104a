"""An interrupted final training continues at its epoch and gives the same network."""

from __future__ import annotations

import pytest

from nasengine.execution.final import FinalJob, train_once
from nasengine.execution.protocols import find_protocol
from tests.fixtures.dataset_files import write_text_parts
from tests.fixtures.stored_networks import tiny

QUICK = find_protocol("quick")


def text(folder):
    """Return a job whose weights are averaged from the fourth epoch on."""
    protocol = QUICK.changed(epochs=5, averaging=1, learning_rate=20.0, schedule="constant")
    recurrent = tiny("recurrent-cell", hidden=8, nodes=2)
    return FinalJob(recurrent, protocol, "text", {"path": str(folder)}, threads=1)


def interrupted(job, folder, epoch, seconds=0.0):
    """Train until the report of an epoch, and end as Ctrl-C does."""

    def report(point):
        if point["epoch"] == epoch:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_once(job, folder / "network", report, progress=folder / "unfinished", seconds=seconds)


def seen_by(job, folder):
    """Continue a training; return its outcome and the epochs that it reported."""
    epochs: list[int] = []
    outcome = train_once(
        job, folder / "network", lambda point: epochs.append(point["epoch"]),
        progress=folder / "unfinished",
    )  # fmt: skip
    return outcome, epochs


def same(one, other):
    assert one.network["weights"] == other.network["weights"]
    assert one.measurements == other.measurements
    kept = ("epoch", "train_loss", "valid_loss", "learning_rate")
    curves = [[[point[key] for key in kept] for point in end.curve] for end in (one, other)]
    assert curves[0] == curves[1]
    return True


@pytest.mark.parametrize("epoch", [3, 5])
def test_half_a_text_training_and_the_rest_equal_the_whole(tmp_path, epoch):
    """Interrupted before and after the averaging of weights has started."""
    job = text(write_text_parts(tmp_path / "text"))
    whole = train_once(job, tmp_path / "whole")
    assert whole.measurements[0].detail["averaged"] is True
    interrupted(job, tmp_path, epoch)
    outcome, epochs = seen_by(job, tmp_path)
    assert epochs[0] == epoch
    assert same(outcome, whole)
