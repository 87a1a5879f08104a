"""Estimator `shared`: scores every candidate with the weights of one supernet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ...core.dataset import DataKind
from ...core.estimator import Estimator, Evaluation
from ...core.measurement import Measurement
from ...core.objective import Goal
from ...core.outcome import Outcome
from ...core.proposal import Proposal
from ...core.seeds import derive
from ...core.settings import same_as, setting
from ...core.space import Space
from ...core.weight_store import NO_WEIGHTS, MemoryWeightStore
from ..training.config import DEFAULTS, TrainConfig, settings_errors

if TYPE_CHECKING:
    from .common.supernet import Supernet

Act = Callable[["OneShotConfig", "Supernet"], dict[str, Any]]


@dataclass(frozen=True)
class OneShotConfig:
    """Settings of the supernet's training, which precedes the first score.

    Raises:
        InvalidSettings: the device is unknown, or the learning rate would rise.
    """

    weights_portion: ClassVar[float] = 1.0  # no data are reserved for architecture parameters
    architecture_data: ClassVar[str] = "train"
    augment: ClassVar[str] = "estimator"  # crop, flip and cutout below are the estimator's
    max_steps: ClassVar[int] = 0
    slowness: ClassVar[float] = 0.0
    windows: ClassVar[str] = "spread"

    epochs: int = setting(
        25,
        "Epochs of the supernet; every step trains one random architecture.",
        low=1,
        high=10_000,
    )
    watched: int = setting(
        8,
        "Evaluation samples: random architectures scored after each epoch.",
        low=0,
        high=1000,
    )
    batch_size: int | None = same_as(TrainConfig, "batch_size")
    learning_rate: float | None = setting(
        None, "Peak learning rate. Default: 0.05 (images), 20 (text).", low=0.0
    )
    final_learning_rate: float = same_as(TrainConfig, "final_learning_rate")
    schedule: str = same_as(TrainConfig, "schedule", omit_default=True)
    restart_epochs: int = same_as(TrainConfig, "restart_epochs")
    restart_factor: int = same_as(TrainConfig, "restart_factor")
    step_after: int = same_as(TrainConfig, "step_after")
    step_epochs: int = same_as(TrainConfig, "step_epochs", omit_default=True)
    step_factor: float = same_as(TrainConfig, "step_factor", omit_default=True)
    momentum: float | None = same_as(TrainConfig, "momentum")
    nesterov: bool = same_as(TrainConfig, "nesterov", omit_default=True)
    weight_decay: float | None = same_as(TrainConfig, "weight_decay")
    gradient_clip: float | None = same_as(TrainConfig, "gradient_clip")
    bptt: int = same_as(TrainConfig, "bptt")
    crop: int = same_as(TrainConfig, "crop")
    flip: bool = same_as(TrainConfig, "flip")
    cutout: int = same_as(TrainConfig, "cutout")
    train_infeasible: bool = setting(
        False, "Score candidates that violate a constraint on a cost known before."
    )
    precision: str = same_as(TrainConfig, "precision")
    device: str = same_as(TrainConfig, "device")
    threads: int = same_as(TrainConfig, "threads")

    def __post_init__(self) -> None:
        self.training()

    def training(self) -> TrainConfig:
        """Return device, precision and augmentation as settings of `train`."""
        own = {field.name for field in fields(self)}
        common = [field.name for field in fields(TrainConfig) if field.name in own]
        return TrainConfig(**{name: getattr(self, name) for name in common})

    def resolve(self, name: str, kind: DataKind) -> float:
        """Return a setting, or its default for this kind of data if it is empty."""
        value: Any = getattr(self, name)
        return DEFAULTS[kind][name] if value is None else value


class OneShot(Estimator):
    """Trains one supernet, then scores each candidate with its weights.

    Every step trains one uniformly sampled architecture, as in single path one-shot (1904.00420)
    and random search with weight sharing (1902.07638). The worker of the first candidate trains
    the supernet, reports its learning curve as that candidate's, and stores a checkpoint after
    every epoch; other workers wait. Then a candidate costs one pass over the valid part. The
    supernet depends only on the run's seed and settings, so any worker may train or resume it.

    Batch normalisation uses the statistics of the batch, as in training. Supernet scores only
    rank architectures; retrain the best from scratch to measure their error.
    """

    name = "shared"
    Config = OneShotConfig
    trains_standalone = False
    config: OneShotConfig

    def provides(self, goal: Goal) -> bool:
        return goal.kind in ("error", "perplexity")

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        if "supernet" in space.capabilities:
            return settings_errors(self.config.training(), space.data_kind)
        return {
            "estimator": f"shared needs a space with a supernet, which {space.name} does not have: "
            "choose another space, or the estimator train"
        }

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        if evaluation.weights is NO_WEIGHTS:
            evaluation = replace(evaluation, weights=MemoryWeightStore())
        number = evaluation.proposal.number
        with evaluation.weights.lock(evaluation.cancelled):
            trained, spent = self._stored_epochs(evaluation), 0.0
            while trained < self.config.epochs:
                outcome = self._run(evaluation, "epoch", trained, _train)
                if outcome.state != "trained":
                    return replace(outcome, number=number, epochs=spent + outcome.epochs)
                trained += 1
                spent += outcome.epochs
                if evaluation.progress is not None:  # the weight store has this epoch
                    evaluation.progress.notify({"kept": trained})
        outcome = self._run(evaluation, "score", trained, _score)
        if outcome.state != "trained":
            return replace(outcome, number=number, epochs=spent)
        measurements = [self._measurement(goal, outcome.findings) for goal in evaluation.goals]
        return Outcome(number, "done", tuple(measurements), epochs=spent)

    def _stored_epochs(self, evaluation: Evaluation) -> int:
        """Return the epoch of the latest checkpoint, 0 if there is none."""
        epochs = range(self.config.epochs, 0, -1)
        return next((epoch for epoch in epochs if evaluation.weights.get(-epoch) is not None), 0)

    def _run(self, evaluation: Evaluation, do: str, epoch: int, act: Act) -> Outcome:
        """Apply `act` to the supernet after `epoch` epochs.

        The checkpoint after N epochs has the number -N in the weight store.
        """
        from .common.supernet import train_supernet

        space = evaluation.space
        note = {
            "do": do,
            "seed": derive(evaluation.search_seed, "shared network"),
            "epoch": epoch,
            "epochs": self.config.epochs,
            "from": -epoch or None,
            "spent": 1 - epoch or None,
            "choices": space.choices(evaluation.proposal.architecture),
        }
        proposal = Proposal(-1 - epoch, space.supernet(), note=note, task="share")
        task = replace(evaluation, proposal=proposal)
        return train_supernet(self.config, self.config.training(), task, partial(act, self.config))

    def _measurement(self, goal: Goal, findings: dict[str, Any]) -> Measurement:
        detail = {"weights": "shared", "part": "valid", "epochs": self.config.epochs}
        return Measurement(
            goal.name, findings[goal.kind], goal.unit, detail={**detail, **findings["conditions"]}
        )


def _train(config: OneShotConfig, supernet: Supernet) -> dict[str, Any]:
    """Train one more epoch and store a checkpoint."""
    from .common.random_epoch import RandomTraining

    return RandomTraining(config, supernet).epoch()


def _score(config: OneShotConfig, supernet: Supernet) -> dict[str, Any]:
    """Score the candidate on the complete valid part."""
    from .common.checkpoint import restore

    restore(supernet, {})
    score = supernet.feed.score(supernet.network, supernet.note["choices"])
    conditions = {
        "batch": int(config.resolve("batch_size", supernet.kind)),
        "learning_rate": config.resolve("learning_rate", supernet.kind),
        "dtype": supernet.context.dtype_name,
        "device": str(supernet.context.device),
        "standard_error": score.standard_error,
    }
    return {"error": score.error, "perplexity": score.perplexity, "conditions": conditions}
