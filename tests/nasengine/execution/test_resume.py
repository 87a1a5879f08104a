"""A process killed at any epoch: another one continues there and ends with the same numbers."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.storage import FolderStorage, storage_at
from nasengine.execution import assembly
from nasengine.execution.evaluation import evaluate
from nasengine.execution.final import FinalJob, train_once
from nasengine.execution.network_storage import train_into
from nasengine.execution.protocols import find_protocol
from nasengine.execution.unfinished import evaluation_task, unfinished
from nasengine.execution.weight_store import FolderWeightStore
from tests.fixtures.stored_networks import tiny

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["torch", "nasengine.estimators.training.trained"])
EPOCHS = 3
RANDOM = {"flip": True, "crop": 1, "drop_path": 0.3, "dropout": 0.2, "auxiliary_weight": 0.4}


def spec_of(estimator: str, **settings) -> SearchSpec:
    values = {"epochs": EPOCHS, "batch_size": 50, "threads": 1, **RANDOM, **settings}
    return assembly.check(
        SearchSpec(
            space="cell", space_config={"cells": 2, "channels": 4, "nodes": 2},
            estimator=estimator, estimator_config=values, dataset="digits",
            dataset_config={"limit": 200}, objectives=("error", "params"), strategy="random",
            seed=5,
        )
    )  # fmt: skip


TRAIN = spec_of("train", keep="best", optimiser="adamw", learning_rate=0.01)
INHERIT = spec_of("inherit", inherited_epochs=EPOCHS)
FINAL = FinalJob(
    tiny(), find_protocol("quick").changed(epochs=EPOCHS, batch_size=100, **RANDOM), "digits",
    threads=1, dataset_config={"limit": 200},
)  # fmt: skip


def proposal_of(spec: SearchSpec) -> Proposal:
    strategy = assembly.make_strategy(spec)
    first, second = strategy.ask(), strategy.ask()
    if spec.estimator == "train":
        return first
    return Proposal(1, second.architecture, parents=(0,))


def run(kind: str, folder: Path, kill_at: int = 0) -> tuple[dict, list[dict], list[dict]]:
    """Return outcome, reports and notices; the process dies at the report of `kill_at`."""
    reports: list[dict] = []
    notices: list[dict] = []

    def report(point: dict) -> None:
        reports.append(point)
        if point["epoch"] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    storage = storage_at(folder / "progress")
    if kind == "final":
        outcome = train_once(
            FINAL, folder / "network", report, progress=storage, seconds=0, notify=notices.append
        ).to_json()
        del outcome["network"]["digest"]  # of the description, which has the durations
        return outcome, reports, notices
    spec = TRAIN if kind == "train" else INHERIT
    proposal = proposal_of(spec)
    progress = unfinished(
        evaluation_task(spec, proposal), storage, seconds=0, notify=notices.append
    )
    weights = FolderWeightStore(folder.parent / "weights")
    done = evaluate(spec, proposal, report, lambda: False, weights, progress=progress)
    return done.to_json(), reports, notices


def without_seconds(value):
    """Durations differ between machines; everything else must be equal."""
    if isinstance(value, dict):
        timed = ("seconds", "gpu_seconds", "train_seconds", "throughput", "images_per_second")
        return {key: without_seconds(one) for key, one in value.items() if key not in timed}
    if isinstance(value, (list, tuple)):
        return [without_seconds(one) for one in value]
    return value


@pytest.fixture(scope="module")
def wholes(tmp_path_factory):
    """Each kind of training without an interruption, and the weights that a child inherits."""
    root = tmp_path_factory.mktemp("resume")
    parent = spec_of("inherit", epochs=1)
    strategy = assembly.make_strategy(parent)
    evaluate(
        parent, strategy.ask(), lambda point: None, lambda: False,
        FolderWeightStore(root / "weights"),
    )  # fmt: skip
    return root, {kind: run(kind, root / f"{kind}-whole") for kind in ("train", "inherit", "final")}


@pytest.mark.parametrize("epoch", range(2, EPOCHS + 1))
@pytest.mark.parametrize("kind", ["train", "inherit", "final"])
def test_a_training_killed_at_an_epoch_ends_with_the_same_numbers(wholes, kind, epoch):
    root, whole = wholes
    folder = root / f"{kind}-{epoch}"
    process = PROCESSES.Process(target=run, args=(kind, folder, epoch))
    process.start()
    process.join(300)
    assert process.exitcode == -signal.SIGKILL
    outcome, reports, notices = run(kind, folder)
    expected, all_reports, _ = whole[kind]
    assert without_seconds(outcome) == without_seconds(expected)
    assert without_seconds(reports) == without_seconds(all_reports[epoch - 1 :])
    (resumed,) = (notice for notice in notices if "resumed" in notice)
    assert resumed["resumed"] == epoch - 1
    assert resumed["notice"].startswith(f"continued at epoch {epoch} from ")
    assert without_seconds([*resumed["curve"], *reports]) == without_seconds(all_reports)
    if kind == "inherit":
        assert expected["measurements"][0]["detail"]["inherited_from"] == 0


def interrupted(folder: Path, after: int) -> list[str]:
    """Train until the last but one epoch has a checkpoint; return the names of its files."""
    progress = folder / "progress"
    with pytest.raises(KeyboardInterrupt):
        stopped(folder, after)
    return storage_at(progress).names()


def stopped(folder: Path, after: int, seconds: float = 0.0, job: FinalJob = FINAL) -> None:
    def report(point: dict) -> None:
        if point["epoch"] > after:
            raise KeyboardInterrupt

    train_once(job, folder / "network", report, progress=folder / "progress", seconds=seconds)


def test_only_the_newest_checkpoints_are_kept_and_a_damaged_one_is_not_used(wholes, tmp_path):
    names = interrupted(tmp_path, after=2)
    assert names == ["epoch-000001.safetensors", "epoch-000002.safetensors"]
    newest = tmp_path / "progress" / names[1]
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) // 2])
    outcome, reports, notices = run("final", tmp_path)
    assert [point["epoch"] for point in reports] == [2, 3]
    assert notices[0]["resumed"] == 1
    assert without_seconds(outcome) == without_seconds(wholes[1]["final"][0])


@pytest.mark.parametrize("damage", ["cut", "bit", "other"])
def test_without_a_usable_checkpoint_a_training_starts_anew_and_says_why(wholes, tmp_path, damage):
    (name,) = interrupted(tmp_path, after=1)
    path = tmp_path / "progress" / name
    content = path.read_bytes()
    cut = {"cut": content[:-10], "other": b"no checkpoint"}
    path.write_bytes(cut.get(damage, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]))
    outcome, reports, notices = run("final", tmp_path)
    assert [point["epoch"] for point in reports] == [1, 2, 3]
    assert notices[0] == {
        "notice": "starts at epoch 1, no checkpoint could be used: that after epoch 1 is damaged",
        "level": "warning", "resumed": 0, "curve": [],
    }  # fmt: skip
    assert without_seconds(outcome) == without_seconds(wholes[1]["final"][0])


def test_the_checkpoint_of_another_training_or_code_is_not_used(wholes, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        stopped(tmp_path, 1, job=FINAL.with_seed(8))
    monkeypatch.setattr("nasengine.execution.unfinished.code_version", lambda: "of tomorrow")
    outcome, _, notices = run("final", tmp_path)
    assert notices[0]["notice"] == (
        "starts at epoch 1, no checkpoint could be used: that after epoch 1 is of another training "
        "(other code, initial weights, task)"
    )
    assert without_seconds(outcome) == without_seconds(wholes[1]["final"][0])


def test_a_place_that_cannot_be_written_does_not_end_the_training(wholes, tmp_path, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nasengine.core.storage._write", full)
    storage = tmp_path / "progress"
    notices: list[dict] = []
    outcome = train_once(
        FINAL, tmp_path / "network", progress=storage, seconds=0, notify=notices.append
    )
    assert outcome.state == "done"
    (notice,) = notices
    assert notice == {
        "notice": f"the checkpoint after epoch 1 could not be stored in {storage}: No space left "
        "on device; free some space or make it writable; the training goes on without",
        "level": "warning",
    }
    assert list(storage.iterdir()) == []


def test_a_place_that_cannot_be_read_does_not_end_the_training(wholes, tmp_path, monkeypatch):
    (tmp_path / "progress").mkdir()
    (tmp_path / "progress" / "epoch-000001.safetensors").write_bytes(b"")
    get = FolderStorage.get

    def refused(self, name: str) -> bytes | None:
        return get(FolderStorage(tmp_path), "progress")  # a folder

    monkeypatch.setattr(FolderStorage, "get", refused)
    outcome, _, notices = run("final", tmp_path)
    assert without_seconds(outcome) == without_seconds(wholes[1]["final"][0])
    assert notices[0]["resumed"] == 0
    assert "cannot be read: [Errno 21] Is a directory" in notices[0]["notice"]


def test_a_training_that_is_asked_to_stop_keeps_its_last_epoch_at_once(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stopped(tmp_path, after=2, seconds=1e9)
    assert storage_at(tmp_path / "progress").names() == ["epoch-000002.safetensors"]


def test_a_training_continues_from_an_object_store_and_puts_its_network_there(wholes, tmp_path):
    address = f"memory://{tmp_path.name}"
    progress, network = storage_at(f"{address}/progress"), storage_at(f"{address}/network")

    def report(point: dict) -> None:
        if point["epoch"] == EPOCHS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_into(network, FINAL, report, progress=progress, seconds=0)
    epochs: list[int] = []
    outcome = train_into(
        network, FINAL, lambda point: epochs.append(point["epoch"]), progress=progress
    )
    assert epochs == [EPOCHS]
    weights = outcome.to_json()["network"]["weights"]
    assert weights == wholes[1]["final"][0]["network"]["weights"]
    assert hashlib.sha256(network.get(weights["file"])).hexdigest() == weights["sha256"]


def test_a_network_that_cannot_be_stored_fails_with_the_place_and_the_remedy(tmp_path, monkeypatch):
    network = storage_at(f"memory://{tmp_path.name}/network")

    def full(path: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(network._files, "pipe_file", full, raising=False)
    outcome = train_into(network, FINAL)
    assert (outcome.state, outcome.network) == ("failed", None)
    assert outcome.reason == (
        f"the network cannot be stored in {network.address}: No space left on device; free some "
        "space or make it writable"
    )
