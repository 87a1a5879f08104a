"""An interrupted final training continues at its epoch and gives the same network."""

from __future__ import annotations

import pytest

from nasengine.estimators.training import progress_file
from nasengine.execution.final import FinalJob, train_once
from nasengine.execution.protocols import find_protocol
from tests.fixtures.dataset_files import write_text_parts
from tests.fixtures.stored_networks import tiny

QUICK = find_protocol("quick")


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    """Files are written after every epoch."""
    monkeypatch.setattr(progress_file, "SECONDS", 0.0)


def images(**changes):
    """Return a job with every source of randomness: order, augmentation, drop-path, auxiliary."""
    protocol = QUICK.changed(
        epochs=3, batch_size=100, flip=True, crop=1, drop_path=0.3, auxiliary_weight=0.4,
        dropout=0.2,
    )  # fmt: skip
    values = {
        "architecture": tiny(), "protocol": protocol, "dataset": "digits", "threads": 1,
        "dataset_config": {"limit": 200},
    }  # fmt: skip
    return FinalJob(**{**values, **changes})


def text(folder):
    """Return a job whose weights are averaged from the fourth epoch on."""
    protocol = QUICK.changed(epochs=5, averaging=1, learning_rate=20.0, schedule="constant")
    recurrent = tiny("recurrent-cell", hidden=8, nodes=2)
    return FinalJob(recurrent, protocol, "text", {"path": str(folder)}, threads=1)


def interrupted(job, folder, epoch):
    """Train until the report of an epoch, and end as Ctrl-C does."""

    def report(point):
        if point["epoch"] == epoch:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_once(job, folder / "network", report, progress=folder / "unfinished")


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


def test_half_an_image_training_and_the_rest_equal_the_whole(tmp_path):
    whole = train_once(images(), tmp_path / "whole")
    interrupted(images(), tmp_path, epoch=3)
    outcome, epochs = seen_by(images(), tmp_path)
    assert epochs == [3] and outcome.epochs == 3
    assert same(outcome, whole)
    assert not (tmp_path / "unfinished").exists()


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


def test_the_file_of_another_training_is_ignored(tmp_path):
    interrupted(images(), tmp_path, epoch=2)
    assert (tmp_path / "unfinished").exists()
    assert seen_by(images(seed=5), tmp_path)[1] == [1, 2, 3]


def test_a_damaged_file_counts_as_missing(tmp_path):
    interrupted(images(), tmp_path, epoch=2)
    content = (tmp_path / "unfinished").read_bytes()
    (tmp_path / "unfinished").write_bytes(content[:-10])
    assert seen_by(images(), tmp_path)[1] == [1, 2, 3]


def test_a_file_is_not_written_after_every_short_epoch(tmp_path, monkeypatch):
    monkeypatch.setattr(progress_file, "SECONDS", 1e9)
    interrupted(images(), tmp_path, epoch=2)
    assert not (tmp_path / "unfinished").exists()
