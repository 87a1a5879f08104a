import json
import math

import pytest
import torch

from nasengine.core.errors import Cancelled, Diverged
from nasengine.estimators.training.batches import shuffled_batches, steps_in_epoch
from nasengine.estimators.training.loop import run_epochs
from nasengine.estimators.training.score import score
from tests.fixtures.training import CPU, Scripted, config, job, numbered


def test_an_epoch_has_each_image_once_in_complete_batches():
    generator = torch.Generator().manual_seed(0)
    first, second = (list(shuffled_batches(23, 5, generator)) for _ in range(2))
    assert [len(batch) for batch in first] == [5, 5, 5, 5]
    assert steps_in_epoch(23, 5) == 4
    assert len(set(torch.cat(first).tolist())) == 20
    assert torch.cat(first).tolist() != torch.cat(second).tolist()


def test_fewer_images_than_a_batch_are_one_batch():
    batches = list(shuffled_batches(3, 64, torch.Generator().manual_seed(0)))
    assert [sorted(batch.tolist()) for batch in batches] == [[0, 1, 2]]


def test_every_image_is_shown_once_per_epoch():
    network = Scripted()
    list(run_epochs(job(network, config(epochs=2, batch_size=4))))
    assert len(network.seen) == 4
    for first, second in (network.seen[:2], network.seen[2:]):
        shown = torch.cat([first, second])[:, 0, 0, 0]
        assert sorted(shown.tolist()) == list(range(8))


def test_one_step_of_gradient_descent_equals_the_closed_form():
    """For logits (w, 0) and label 0 the loss is log(1 + e^-w) with slope -1/2 at 0."""
    network, reports = Scripted(), []
    settings = config(
        epochs=1, batch_size=8, learning_rate=0.4, momentum=0, weight_decay=0, gradient_clip=0
    )
    (result,) = run_epochs(job(network, settings, reports=reports))
    assert network.weight.item() == pytest.approx(0.2)
    assert reports[0]["train_loss"] == pytest.approx(math.log(2))
    assert result.loss == pytest.approx(math.log(1 + math.exp(-0.2)))
    assert result.error == 0.0


def test_gradient_clipping_limits_the_step():
    network = Scripted()
    settings = config(
        epochs=1, batch_size=8, learning_rate=1, momentum=0, weight_decay=0, gradient_clip=0.1
    )
    list(run_epochs(job(network, settings)))
    assert network.weight.item() == pytest.approx(0.1, rel=1e-4)


def test_weight_decay_reduces_weights():
    network = Scripted(100.0)  # the loss has no slope
    settings = config(epochs=1, batch_size=8, learning_rate=0.1, momentum=0, weight_decay=0.5)
    list(run_epochs(job(network, settings)))
    assert network.weight.item() == pytest.approx(95.0)


def test_label_smoothing_equals_the_closed_form():
    """Smoothing s over two classes gives the label the weight 1 - s/2 and the other class s/2."""
    network, reports = Scripted(1.0), []
    settings = config(epochs=1, batch_size=8, label_smoothing=0.2, learning_rate=0)
    list(run_epochs(job(network, settings, reports=reports)))
    right, wrong = math.log(1 + math.exp(-1)), 1 + math.log(1 + math.exp(-1))
    assert reports[0]["train_loss"] == pytest.approx(0.9 * right + 0.1 * wrong)
    # The validation loss is not smoothed.
    assert reports[0]["valid_loss"] == pytest.approx(right)


def test_drop_path_grows_linearly():
    network = Scripted()
    list(run_epochs(job(network, config(epochs=2, batch_size=2, drop_path=0.4))))
    assert network.dropped == pytest.approx([0.4 * step / 8 for step in range(8)])


@pytest.mark.parametrize(("epochs", "steps"), [(2, 8), (1, 4)])
def test_a_network_with_progress_gets_it_every_step_and_one_at_the_end(epochs, steps):
    class Progressing(Scripted):
        progress = 0.0

        def __init__(self):
            super().__init__()
            self.trained, self.scored = [], []

        def forward(self, images):
            (self.trained if self.training else self.scored).append(self.progress)
            return super().forward(images)

    network = Progressing()
    list(run_epochs(job(network, config(epochs=epochs, batch_size=2))))
    assert network.trained == pytest.approx([step / steps for step in range(steps)])
    assert network.scored[-1] == 1.0
    assert network.scored[0] == (1.0 if epochs == 1 else pytest.approx(3 / 8))


def test_a_network_without_progress_does_not_get_one():
    network = Scripted()
    list(run_epochs(job(network, config(epochs=1))))
    assert not hasattr(network, "progress")


def test_an_auxiliary_head_adds_its_weighted_loss():
    class WithHead(Scripted):
        def forward(self, images):
            logits = super().forward(images)
            return (logits, 3 * logits) if self.training else logits

    settings = config(
        epochs=1, batch_size=8, learning_rate=0.4, momentum=0, weight_decay=0, gradient_clip=0,
        auxiliary_weight=0.5,
    )  # fmt: skip
    network, reports = WithHead(), []
    list(run_epochs(job(network, settings, reports=reports)))
    # Slopes at 0: -1/2 for the loss, -3/2 for the loss of the head, which has weight 1/2.
    assert network.weight.item() == pytest.approx(0.4 * (0.5 + 0.5 * 1.5))
    assert reports[0]["train_loss"] == pytest.approx(math.log(2))


def test_the_message_about_a_nan_loss_names_epoch_and_step():
    class Fails(Scripted):
        def forward(self, images):
            broken = len(self.seen) == 10 and self.training
            return super().forward(images) * (math.nan if broken else 1)

    reports = []
    training = run_epochs(job(Fails(), config(epochs=3, batch_size=2), reports=reports))
    with pytest.raises(
        Diverged, match="loss became NaN at epoch 3, step 3: lower the learning rat"
    ):
        list(training)
    assert [report["valid_error"] for report in reports] == [0.0, 0.0, None]
    assert reports[-1]["train_loss"] is None
    json.dumps(reports, allow_nan=False)


def test_infinite_losses_and_weights_diverge():
    extreme = Scripted(-1e38)
    with pytest.raises(Diverged, match=r"loss became infinite at epoch 1, step 1: .*\(0\.05\)"):
        list(run_epochs(job(extreme, config(), train=numbered(8, label=0), valid=numbered(2))))
    network = Scripted()
    network.register_buffer("average", torch.tensor(math.inf))
    with pytest.raises(Diverged, match=r"weights average became NaN or infinite in epoch 1"):
        list(run_epochs(job(network, config())))


def test_a_nan_validation_loss_diverges():
    class OnlyTrains(Scripted):
        def forward(self, images):
            return super().forward(images) * (1 if self.training else math.nan)

    with pytest.raises(Diverged, match="validation loss became NaN at epoch 1"):
        list(run_epochs(job(OnlyTrains(), config())))


@pytest.mark.parametrize("after", [0, 3, 5])
def test_cancelling_stops_between_batches(after):
    checks = iter(range(100))
    network = Scripted()
    settings = config(epochs=5, batch_size=2)
    with pytest.raises(Cancelled):
        list(run_epochs(job(network, settings, cancelled=lambda: next(checks) >= after)))
    # An epoch of four steps checks a fifth time, before scoring.
    assert len(network.seen) == min(after, 4)


def test_an_answer_with_nan_logits_counts_as_wrong():
    class Half(torch.nn.Module):
        def forward(self, images):
            logits = torch.tensor([1.0, 0.0]).repeat(len(images), 1)
            logits[::2, 1] = math.nan
            return logits

    part = numbered(8)
    result = score(Half(), part.images, part.labels, CPU, lambda: False)
    assert (result.wrong, result.count, result.error) == (4, 8, 50.0)
    assert result.standard_error == pytest.approx(100 * math.sqrt(0.25 / 8))
