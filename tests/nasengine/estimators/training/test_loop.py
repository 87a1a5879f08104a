import json
import math

import pytest
import torch

from nasengine.core.errors import Cancelled, Diverged
from nasengine.estimators.training.batches import shuffled_batches, steps_in_epoch
from nasengine.estimators.training.loop import run_epochs
from nasengine.estimators.training.score import score
from tests.fixtures.training import CPU, Scripted, config, job, numbered


def test_an_epoch_shows_every_image_once_in_whole_batches():
    generator = torch.Generator().manual_seed(0)
    first, second = (list(shuffled_batches(23, 5, generator)) for _ in range(2))
    assert [len(batch) for batch in first] == [5, 5, 5, 5]
    assert steps_in_epoch(23, 5) == 4
    assert len(set(torch.cat(first).tolist())) == 20
    assert torch.cat(first).tolist() != torch.cat(second).tolist()


def test_fewer_images_than_a_batch_are_one_batch():
    batches = list(shuffled_batches(3, 64, torch.Generator().manual_seed(0)))
    assert [sorted(batch.tolist()) for batch in batches] == [[0, 1, 2]]


def test_images_stay_beside_their_labels():
    network = Scripted()
    list(run_epochs(job(network, config(epochs=2, batch_size=4))))
    assert len(network.seen) == 4
    for first, second in (network.seen[:2], network.seen[2:]):
        shown = torch.cat([first, second])[:, 0, 0, 0]
        assert sorted(shown.tolist()) == list(range(8))


def test_one_step_of_plain_gradient_descent_is_the_closed_form():
    """Logits (w, 0), label 0: the loss is log(1 + e^-w), its slope at 0 is -1/2."""
    network, reports = Scripted(), []
    settings = config(
        epochs=1, batch_size=8, learning_rate=0.4, momentum=0, weight_decay=0, gradient_clip=0
    )
    (seen,) = run_epochs(job(network, settings, reports=reports))
    assert network.weight.item() == pytest.approx(0.2)
    assert reports[0]["train_loss"] == pytest.approx(math.log(2))
    assert seen.loss == pytest.approx(math.log(1 + math.exp(-0.2)))
    assert seen.error == 0.0


def test_gradient_clip_shortens_the_step():
    network = Scripted()
    settings = config(
        epochs=1, batch_size=8, learning_rate=1, momentum=0, weight_decay=0, gradient_clip=0.1
    )
    list(run_epochs(job(network, settings)))
    assert network.weight.item() == pytest.approx(0.1, rel=1e-4)


def test_weight_decay_pulls_towards_zero():
    network = Scripted(100.0)  # so sure that the loss has no slope
    settings = config(epochs=1, batch_size=8, learning_rate=0.1, momentum=0, weight_decay=0.5)
    list(run_epochs(job(network, settings)))
    assert network.weight.item() == pytest.approx(95.0)


def test_label_smoothing_is_the_closed_form():
    """With smoothing s over two classes the label counts 1 - s/2 and the other s/2."""
    network, reports = Scripted(1.0), []
    settings = config(epochs=1, batch_size=8, label_smoothing=0.2, learning_rate=0)
    list(run_epochs(job(network, settings, reports=reports)))
    right, wrong = math.log(1 + math.exp(-1)), 1 + math.log(1 + math.exp(-1))
    assert reports[0]["train_loss"] == pytest.approx(0.9 * right + 0.1 * wrong)
    # Validation is not smoothed.
    assert reports[0]["valid_loss"] == pytest.approx(right)


def test_drop_path_grows_in_a_line():
    network = Scripted()
    list(run_epochs(job(network, config(epochs=2, batch_size=2, drop_path=0.4))))
    assert network.dropped == pytest.approx([0.4 * step / 8 for step in range(8)])


@pytest.mark.parametrize(("epochs", "steps"), [(2, 8), (1, 4)])
def test_a_network_with_a_progress_is_told_it_and_ends_at_one(epochs, steps):
    class Progressing(Scripted):
        progress = 0.0

        def __init__(self):
            super().__init__()
            self.told, self.scored = [], []

        def forward(self, images):
            (self.told if self.training else self.scored).append(self.progress)
            return super().forward(images)

    network = Progressing()
    list(run_epochs(job(network, config(epochs=epochs, batch_size=2))))
    assert network.told == pytest.approx([step / steps for step in range(steps)])
    assert network.scored[-1] == 1.0
    assert network.scored[0] == (1.0 if epochs == 1 else pytest.approx(3 / 8))


def test_a_network_without_a_progress_gets_none():
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
    # Slopes at 0: -1/2 of the loss, -3/2 of the head's, weighted by a half.
    assert network.weight.item() == pytest.approx(0.4 * (0.5 + 0.5 * 1.5))
    assert reports[0]["train_loss"] == pytest.approx(math.log(2))


def test_a_loss_that_is_no_number_names_epoch_and_step():
    class Fails(Scripted):
        def forward(self, images):
            broken = len(self.seen) == 10 and self.training
            return super().forward(images) * (math.nan if broken else 1)

    reports = []
    training = run_epochs(job(Fails(), config(epochs=3, batch_size=2), reports=reports))
    with pytest.raises(
        Diverged, match="loss became NaN at epoch 3, step 3; lower the learning rat"
    ):
        list(training)
    assert [report["valid_error"] for report in reports] == [0.0, 0.0, None]
    assert reports[-1]["train_loss"] is None
    json.dumps(reports, allow_nan=False)


def test_infinite_losses_and_weights_are_told_apart():
    sure = Scripted(-1e38)
    with pytest.raises(Diverged, match=r"loss became infinite at epoch 1, step 1; .*\(0\.05\)"):
        list(run_epochs(job(sure, config(), train=numbered(8, label=0), valid=numbered(2))))
    network = Scripted()
    network.register_buffer("average", torch.tensor(math.inf))
    with pytest.raises(Diverged, match=r"weights \(average\) left the finite numbers in epoch 1"):
        list(run_epochs(job(network, config())))


def test_validation_that_is_no_number_diverges():
    class OnlyTrains(Scripted):
        def forward(self, images):
            return super().forward(images) * (1 if self.training else math.nan)

    with pytest.raises(Diverged, match="validation loss became NaN at epoch 1"):
        list(run_epochs(job(OnlyTrains(), config())))


@pytest.mark.parametrize("after", [0, 3, 5])
def test_cancelling_is_noticed_between_batches(after):
    asked = iter(range(100))
    network = Scripted()
    settings = config(epochs=5, batch_size=2)
    with pytest.raises(Cancelled):
        list(run_epochs(job(network, settings, cancelled=lambda: next(asked) >= after)))
    # The fifth question of an epoch of four steps is the one before scoring.
    assert len(network.seen) == min(after, 4)


def test_an_answer_that_is_no_number_is_wrong():
    class Half(torch.nn.Module):
        def forward(self, images):
            logits = torch.tensor([1.0, 0.0]).repeat(len(images), 1)
            logits[::2, 1] = math.nan
            return logits

    part = numbered(8)
    seen = score(Half(), part.images, part.labels, CPU, lambda: False)
    assert (seen.wrong, seen.count, seen.error) == (4, 8, 50.0)
    assert seen.standard_error == pytest.approx(100 * math.sqrt(0.25 / 8))
