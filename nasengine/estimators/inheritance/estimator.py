"""Estimator `inherit`: children start from the trained weights of their parents."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.errors import InvalidSettings
from ...core.estimator import Evaluation
from ...core.settings import setting
from ...core.space import Space
from ..training.config import TrainConfig
from ..training.estimator import Train, train_and_validate
from ..training.learned_settings import with_learned_settings

if TYPE_CHECKING:
    from ..training.trained import Trained


@dataclass(frozen=True)
class InheritConfig(TrainConfig):
    """The settings of `train`, and those of children that inherit weights.

    Raises:
        InvalidSettings: as `TrainConfig`, also for the settings of children.
    """

    inherited_epochs: int = setting(
        2, "Epochs of a child that inherits weights from a parent.", low=1, high=10_000
    )
    inherited_learning_rate: float = setting(
        0.0, "Peak learning rate of a child that inherits weights; 0: learning_rate.", low=0.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        errors = {}
        if self.warm_up > self.inherited_epochs:
            errors["inherited_epochs"] = (
                f"must be at least warm_up, {self.warm_up:g} (got {self.inherited_epochs}): "
                "raise it, or lower warm_up"
            )
        if 0 < self.inherited_learning_rate < self.final_learning_rate:
            errors["inherited_learning_rate"] = (
                f"must be at least final_learning_rate, {self.final_learning_rate:g} "
                f"(got {self.inherited_learning_rate:g}): raise it"
            )
        if errors:
            raise InvalidSettings(errors)


class Inherit(Train):
    """Trains like `train`, but a child starts from the compatible weights of a parent.

    The space selects the compatible weights of the first parent with a checkpoint. Every finished
    candidate stores the weights of its last epoch. A child whose parents have no checkpoint is
    trained from scratch, and its measurement notes this. This is the knowledge inheritance of
    1809.03242 and the fine-tuning of children in RENAS (1808.00193); neither paper states for how
    long children are trained.
    """

    name = "inherit"
    Config = InheritConfig
    config: InheritConfig

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        if "inherit" in space.capabilities:
            return super().objections(space, dataset)
        return {
            "estimator": f"inherit needs a space that supports weight inheritance, which "
            f"{space.name} does not: choose another space, or the estimator train"
        }

    def train(self, evaluation: Evaluation) -> Trained:
        from .checkpoints import checkpoint_of, find_inheritance

        inheritance = find_inheritance(evaluation)
        config = self._settings(evaluation, inherits=inheritance.checkpoint is not None)
        report = evaluation.report
        annotated = dataclasses.replace(
            evaluation, report=lambda point: report({**point, **inheritance.detail})
        )
        trained = train_and_validate(
            config, annotated, lambda network: inheritance.initialise(evaluation, network)
        )
        proposal = evaluation.proposal
        kept = evaluation.first_weights and evaluation.weights.get(proposal.number) is not None
        if trained.network is not None and not kept:
            checkpoint = checkpoint_of(proposal.architecture, trained.network)
            evaluation.weights.put(proposal.number, checkpoint)
        return trained

    def _settings(self, evaluation: Evaluation, inherits: bool) -> InheritConfig:
        """Return the settings of a candidate; values in the proposal's note take precedence."""
        changes: dict[str, Any] = {}
        if inherits:
            changes["epochs"] = self.config.inherited_epochs
            if self.config.inherited_learning_rate:
                changes["learning_rate"] = self.config.inherited_learning_rate
        return with_learned_settings(
            dataclasses.replace(self.config, **changes), evaluation.proposal.note
        )
