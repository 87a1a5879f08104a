"""Estimator `inherit`: children begin with their parents' trained weights."""

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
from ..training.learned_settings import learned

if TYPE_CHECKING:
    from ..training.trained import Trained


@dataclass(frozen=True)
class InheritConfig(TrainConfig):
    """The settings of `train`, and how a child is trained that takes weights over.

    Raises:
        InvalidSettings: what does not go together, also for a child.
    """

    inherited_epochs: int = setting(
        2, "Epochs of a child that takes weights over from a parent.", low=1, high=10_000
    )
    inherited_learning_rate: float = setting(
        0.0, "The peak of its learning rate; 0: as for any other.", low=0.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        errors = {}
        if self.warm_up > self.inherited_epochs:
            errors["inherited_epochs"] = (
                f"{self.inherited_epochs} leaves none after {self.warm_up:g} epochs of rising: "
                "raise it, or lower warm_up"
            )
        if 0 < self.inherited_learning_rate < self.final_learning_rate:
            errors["inherited_learning_rate"] = (
                f"{self.inherited_learning_rate:g} is below final_learning_rate "
                f"{self.final_learning_rate:g}: a schedule falls"
            )
        if errors:
            raise InvalidSettings(errors)


class Inherit(Train):
    """As `train`, but a child takes over what the space says its parent can give.

    Of its parents the first that left weights counts. Every candidate that ends well leaves
    those of its last epoch; a child whose parents left none is trained like a first one, and
    says so. This is the knowledge inheritance of 1809.03242 and the tuning of children in
    RENAS (1808.00193); neither says for how long a child is trained.
    """

    name = "inherit"
    Config = InheritConfig
    config: InheritConfig

    def objections(self, space: Space, dataset: str) -> dict[str, str]:
        if "inherit" in space.capabilities:
            return super().objections(space, dataset)
        return {
            "estimator": f"inherit needs a space that passes weights on, which {space.name} "
            "does not: choose another space, or the estimator train"
        }

    def train(self, evaluation: Evaluation) -> Trained:
        from .checkpoints import checkpoint_of, find_inheritance

        inheritance = find_inheritance(evaluation)
        config = self._settings(evaluation, heir=inheritance.legacy is not None)
        report = evaluation.report
        told = dataclasses.replace(
            evaluation, report=lambda point: report({**point, **inheritance.told})
        )
        found = train_and_validate(
            config, told, lambda network: inheritance.begin(evaluation, network)
        )
        if found.network is not None:
            proposal = evaluation.proposal
            legacy = checkpoint_of(proposal.architecture, found.network)
            evaluation.weights.put(proposal.number, legacy)
        return found

    def _settings(self, evaluation: Evaluation, heir: bool) -> InheritConfig:
        """Those of a child that takes weights over or of any other; learned ones win."""
        changes: dict[str, Any] = {}
        if heir:
            changes["epochs"] = self.config.inherited_epochs
            if self.config.inherited_learning_rate:
                changes["learning_rate"] = self.config.inherited_learning_rate
        return learned(dataclasses.replace(self.config, **changes), evaluation.proposal.note)
