"""Estimator `shared`: every candidate with the weights of one network that all of them share."""

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
from ..training.config import USUAL, TrainConfig

if TYPE_CHECKING:
    from .common.supernet import Shared

Act = Callable[["OneShotConfig", "Shared"], dict[str, Any]]


@dataclass(frozen=True)
class OneShotConfig:
    """How the shared network is trained, before the first candidate is scored.

    Raises:
        InvalidSettings: a device is unknown, or the rate rises.
    """

    weights_portion: ClassVar[float] = 1.0  # no data are kept for learning anything else

    epochs: int = setting(
        25,
        "Passes over the training data, each step through one random architecture.",
        low=1,
        high=10_000,
    )
    watched: int = setting(
        8,
        "Random architectures scored after each epoch; their mean error is the learning curve.",
        low=0,
        high=1000,
    )
    batch_size: int | None = same_as(TrainConfig, "batch_size")
    learning_rate: float | None = setting(
        None, "Length of the steps at its peak; empty: 0.05 of images, 20 of text.", low=0.0
    )
    final_learning_rate: float = same_as(TrainConfig, "final_learning_rate")
    momentum: float | None = same_as(TrainConfig, "momentum")
    weight_decay: float | None = same_as(TrainConfig, "weight_decay")
    gradient_clip: float | None = same_as(TrainConfig, "gradient_clip")
    bptt: int = same_as(TrainConfig, "bptt")
    crop: int = same_as(TrainConfig, "crop")
    flip: bool = same_as(TrainConfig, "flip")
    cutout: int = same_as(TrainConfig, "cutout")
    train_infeasible: bool = setting(
        False, "Score also what breaks a constraint on a cost that is known before."
    )
    precision: str = same_as(TrainConfig, "precision")
    device: str = same_as(TrainConfig, "device")
    threads: int = same_as(TrainConfig, "threads")

    def __post_init__(self) -> None:
        self.training()

    def training(self) -> TrainConfig:
        """Where it computes and how images are changed, in the words of `train`."""
        given = {one.name for one in fields(self)}
        return TrainConfig(
            **{
                one.name: getattr(self, one.name)
                for one in fields(TrainConfig)
                if one.name in given
            }
        )

    def resolve(self, name: str, kind: DataKind) -> float:
        """A setting, or what is usual for such data where it is empty."""
        value: Any = getattr(self, name)
        return USUAL[kind][name] if value is None else value


class OneShot(Estimator):
    """One network of all architectures is trained, then each candidate scored in it.

    Each of its steps goes through one architecture drawn uniformly, as in single path one-shot
    (1904.00420) and random search with weight sharing (1902.07638). Whoever takes the first
    candidate trains it, reported as that candidate's curve, and leaves a checkpoint after every
    epoch; workers who come meanwhile wait. Then a candidate costs one look at the valid part.
    The network follows from the run's seed and settings alone, so it makes no difference who
    trained it, or whether anybody was killed over it.

    Batches are normalised by their own statistics, as while training. Shared weights rank
    architectures, more or less; they do not say how good one is: train what is found.
    """

    name = "shared"
    Config = OneShotConfig
    trains_standalone = False
    config: OneShotConfig

    def provides(self, goal: Goal) -> bool:
        return goal.kind in ("error", "perplexity")

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        if "supernet" in space.capabilities:
            return {}
        return {
            "estimator": "shared needs a space whose architectures share one network, which "
            f"{space.name} does not have: choose another space, or the estimator train"
        }

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        if evaluation.weights is NO_WEIGHTS:
            evaluation = replace(evaluation, weights=MemoryWeightStore())
        number = evaluation.proposal.number
        with evaluation.weights.lock(evaluation.cancelled):
            reached = trained = self._reached(evaluation)
            while trained < self.config.epochs:
                outcome = self._act(evaluation, "epoch", trained, _train)
                if outcome.state != "trained":
                    return replace(outcome, number=number)
                trained += 1
        outcome = self._act(evaluation, "score", trained, _score)
        if outcome.state != "trained":
            return replace(outcome, number=number)
        measured = [self._measurement(goal, outcome.findings) for goal in evaluation.goals]
        return Outcome(number, "done", tuple(measured), epochs=trained - reached)

    def _reached(self, evaluation: Evaluation) -> int:
        """After how many epochs the latest checkpoint was left."""
        epochs = range(self.config.epochs, 0, -1)
        return next((one for one in epochs if evaluation.weights.get(-one) is not None), 0)

    def _act(self, evaluation: Evaluation, do: str, epoch: int, act: Act) -> Outcome:
        """Does something with the shared network as it is after so many epochs.

        Checkpoints lie beside what candidates leave, under the number of epochs below zero.
        """
        from .common.supernet import train_shared

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
        told = replace(evaluation, proposal=proposal)
        return train_shared(self.config, self.config.training(), told, partial(act, self.config))

    def _measurement(self, goal: Goal, found: dict[str, Any]) -> Measurement:
        detail = {"weights": "shared", "part": "valid", "epochs": self.config.epochs}
        return Measurement(
            goal.name, found[goal.kind], goal.unit, detail={**detail, **found["how"]}
        )


def _train(config: OneShotConfig, shared: Shared) -> dict[str, Any]:
    """One more epoch, each step through one random architecture; leaves a checkpoint."""
    from .common.random_epoch import RandomTraining

    return RandomTraining(config, shared).epoch()


def _score(config: OneShotConfig, shared: Shared) -> dict[str, Any]:
    """What the candidate does on the whole of the valid part."""
    from .common.checkpoint import go_on

    go_on(shared, {})
    seen = shared.feed.score(shared.network, shared.note["choices"])
    how = {
        "batch": int(config.resolve("batch_size", shared.kind)),
        "learning_rate": config.resolve("learning_rate", shared.kind),
        "dtype": shared.place.dtype_name,
        "device": str(shared.place.device),
        "standard_error": seen.standard_error,
    }
    return {"error": seen.error, "perplexity": seen.perplexity, "how": how}
