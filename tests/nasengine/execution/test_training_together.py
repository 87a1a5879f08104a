"""A training by several processes reports, stops when asked, keeps a checkpoint, and ends."""

from __future__ import annotations

from typing import Any

import psutil

from nasengine.core.storage import storage_at
from nasengine.execution.final_evaluation import prepare
from nasengine.execution.training_together import train_together

MANY = 3000


def test_a_cancelled_training_ends_in_all_processes_and_keeps_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    job, _ = prepare(
        "DARTS_V2",
        protocol="quick",
        dataset="digits",
        dataset_config={"limit": 73},
        cells=2,
        channels=2,
        changes={"batch_size": 24, "epochs": MANY},
        device="cpu",
        threads=1,
    )
    points: list[dict[str, Any]] = []
    notices: list[dict[str, Any]] = []
    progress = storage_at(tmp_path / "progress")
    outcome = train_together(
        storage_at(tmp_path / "network"),
        job.with_seed(1),
        2,
        points.append,
        lambda: bool(points),
        progress=progress,
        seconds=MANY,
        notify=notices.append,
    )
    assert (outcome.state, outcome.test_reads) == ("cancelled", 0)
    assert 0 < len(outcome.curve) < MANY
    epochs = len(outcome.curve)
    assert [point["epoch"] for point in points] == list(range(1, epochs + 1))
    assert notices == [{"kept": epochs}]
    assert progress.names() == [f"epoch-{epochs:06}.safetensors"]
    commands = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert [command for command in commands if "training_together" in command] == []
    assert not (tmp_path / "network").exists()
