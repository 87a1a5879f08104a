import json

import numpy as np
import pytest
import torch

from nasengine.core.errors import Cancelled, EngineError
from nasengine.core.objective import Goal
from nasengine.data.common.named import named_dataset
from nasengine.estimators.training import trained
from nasengine.estimators.training.device_context import find_device_context
from nasengine.estimators.training.estimator import Train, selected_epoch
from nasengine.estimators.training.final import train_and_valid, train_finally
from tests.fixtures.training import config, evaluation


def test_train_provides_only_error_for_images():
    estimator = Train(config())
    kinds = {"error": "%", "params": "", "latency": "ms"}
    provided = {k for k, u in kinds.items() if estimator.provides(Goal(k, k, None, "lower", u))}
    assert provided == {"error"}


def test_a_small_network_learns_digits():
    reports = []
    outcome = Train(config(epochs=4, learning_rate=0.1)).evaluate(evaluation(reports=reports))
    (error,) = outcome.measurements
    assert (outcome.number, outcome.state, outcome.epochs) == (7, "done", 4)
    # Guessing has an error of 90 percent.
    assert error.value < 25
    assert (error.objective, error.unit, error.method, error.device) == (
        "error", "%", "measured", None,
    )  # fmt: skip
    assert error.value == reports[-1]["valid_error"]
    assert (error.detail["images"], error.detail["part"]) == (360, "valid")
    assert (error.detail["dtype"], error.detail["device"]) == ("float32", "cpu")
    share = error.value / 100
    assert error.detail["standard_error"] == pytest.approx(100 * (share * (1 - share) / 360) ** 0.5)
    assert [report["epoch"] for report in reports] == [1, 2, 3, 4]
    assert reports[0]["train_loss"] > reports[-1]["train_loss"] > 0
    assert set(reports[0]) == {
        "epoch", "epochs", "train_loss", "train_error", "valid_error", "valid_loss",
        "learning_rate", "seconds", "train_images", "train_seconds",
    }  # fmt: skip
    json.dumps(reports, allow_nan=False)


@pytest.mark.parametrize("channels_last", [True, False])
def test_the_same_seed_gives_bitwise_equal_results(channels_last):
    settings = config(
        epochs=2, crop=1, flip=True, cutout=2, drop_path=0.2, auxiliary_weight=0.4,
        label_smoothing=0.1, channels_last=channels_last,
    )  # fmt: skip

    def once(seed):
        reports = []
        outcome = Train(settings).evaluate(evaluation(seed=seed, reports=reports, limit=400))
        for report in reports:
            assert report["train_images"] == 256  # whole batches
            assert 0 < report.pop("train_seconds") <= report.pop("seconds")
        return outcome, reports

    torch.manual_seed(1)
    first = once(5)
    torch.manual_seed(2)  # the state of the global generator must not matter
    torch.rand(3)
    assert once(5) == first
    assert once(6)[1] != first[1]


def test_training_restores_the_state_of_torch():
    torch.manual_seed(11)
    expected = torch.rand(2)
    torch.manual_seed(11)
    threads = torch.get_num_threads()
    other = 1 if threads > 1 else 2
    Train(config(epochs=1, threads=other)).evaluate(evaluation(limit=200))
    assert (torch.rand(2) == expected).all()
    assert torch.get_num_threads() == threads


def test_a_learning_rate_that_is_far_too_high_diverges():
    for extra in ({}, {"gradient_clip": 0}, {"weight_decay": 0}, {"optimiser": "adam"}):
        reports = []
        settings = config(learning_rate=1e6, **extra)
        outcome = Train(settings).evaluate(evaluation(reports=reports))
        assert (outcome.state, outcome.measurements) == ("diverged", ())
        assert outcome.reason.endswith("lower the learning rate (1e+06)")
        assert outcome.epochs == len(reports) - 1
        assert reports[-1]["valid_error"] is None
        json.dumps(reports, allow_nan=False)


def test_cancelling_stops_a_training():
    checks = iter(range(1000))
    reports = []
    with pytest.raises(Cancelled):
        Train(config()).evaluate(
            evaluation(reports=reports, cancelled=lambda: next(checks) > 12, limit=800)
        )
    assert len(reports) == 1


def test_running_out_of_memory_fails_with_a_remedy(monkeypatch):
    def full(job):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(trained, "run_epochs", full)
    outcome = Train(config(batch_size=96)).evaluate(evaluation())
    assert outcome.state == "failed"
    assert outcome.reason == (
        "out of memory on cpu with batch_size 96: "
        "lower batch_size, or the space's channels or cells"
    )

    def broken(job):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(trained, "run_epochs", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        Train(config()).evaluate(evaluation())


def test_train_returns_the_trained_network():
    result = Train(config(epochs=2)).train(evaluation(limit=400))
    _, valid = named_dataset("digits", {"limit": 400}).search_parts()
    result.network.eval()
    with torch.inference_mode():
        wrong = (result.network(valid.images).argmax(1) != valid.labels).sum().item()
    assert result.outcome.measurements[0].value == pytest.approx(100 * wrong / len(valid.labels))


def test_keep_selects_the_reported_epoch():
    errors = [50.0, 20.0, 10.0, 30.0, 10.0, 15.0]
    assert (selected_epoch(errors, "last"), selected_epoch(errors, "best")) == (5, 2)


def test_bf16_on_the_cpu_is_recorded():
    outcome = Train(config(epochs=1, precision="bf16")).evaluate(evaluation(limit=200))
    assert outcome.measurements[0].detail["dtype"] == "bfloat16"
    assert find_device_context(config()).dtype == torch.float32


@pytest.mark.parametrize("device", ["cuda:99", "mps"])
def test_an_absent_device_is_refused(device):
    with pytest.raises(EngineError, match=f"device {device} is not available"):
        find_device_context(config(device=device))


@pytest.mark.parametrize("optimiser", ["sgd", "adamw", "adam"])
def test_every_optimizer_gets_its_settings(optimiser):
    from nasengine.estimators.training.optimizer import make_optimizer, set_rate

    settings = config(optimiser=optimiser, momentum=0.8, weight_decay=0.01, learning_rate=0.3)
    optimizer = make_optimizer(torch.nn.Linear(2, 2), settings)
    (group,) = optimizer.param_groups
    assert type(optimizer).__name__.lower() == optimiser
    assert (group["lr"], group["weight_decay"]) == (0.3, 0.01)
    assert 0.8 in (group.get("momentum"), group.get("betas", (None,))[0])
    set_rate(optimizer, 0.1)
    assert group["lr"] == 0.1


def test_the_final_training_uses_train_and_valid_and_scores_the_test_part():
    reports = []
    result = train_finally(config(epochs=3, learning_rate=0.1), evaluation(reports=reports))
    (error,) = result.outcome.measurements
    assert (error.objective, error.unit) == ("test_error", "%")
    assert (error.detail["part"], error.detail["images"]) == ("test", 359)
    assert error.value < 40
    assert {report["valid_error"] for report in reports} == {None}
    test = named_dataset("digits", {}).test_part()
    result.network.eval()
    with torch.inference_mode():
        wrong = (result.network(test.images).argmax(1) != test.labels).sum().item()
    assert error.value == pytest.approx(100 * wrong / 359)


def test_train_and_valid_are_combined():
    dataset = named_dataset("digits", {})
    both = train_and_valid(dataset)
    assert both.images.shape == (1438, 1, 8, 8)
    counts = np.bincount(both.labels.numpy())
    assert counts.sum() == 1438
    assert counts.min() > 130


def test_a_search_never_reads_the_test_part(monkeypatch):
    from nasengine.data.digits import Digits

    def read(self):
        raise AssertionError("the test part was read in a search")

    monkeypatch.setattr(Digits, "test_part", read)
    assert Train(config(epochs=1)).evaluate(evaluation(limit=200)).state == "done"
