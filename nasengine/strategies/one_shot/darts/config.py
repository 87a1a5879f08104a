"""The settings of strategy `darts`."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.dataset import DataKind
from ....core.settings import setting
from ..common.config import SupernetConfig

MAX_PORTION = 0.95
ALPHA_DEFAULTS: dict[DataKind, tuple[float, float]] = {
    # Learning rate and beta 1 of Adam on the alphas.
    "images": (3e-4, 0.5),
    "text": (3e-3, 0.9),
}


@dataclass(frozen=True)
class DartsConfig(SupernetConfig):
    """Settings of strategy `darts`; the defaults are the paper's, except 25 epochs for 50.

    Raises:
        InvalidSettings: no epoch, or too little data, is left for the alphas, or augmentation is
            set but not the supernet's own.
    """

    order: str = setting(
        "first",
        "Order of the gradient. second: differentiates through one weight step; about 3x slower.",
        choices=("first", "second"),
    )
    alpha_learning_rate: float | None = setting(
        None,
        "Learning rate of the architecture parameters (Adam). Default: 3e-4 (images), 3e-3 (text).",
        low=0.0,
    )
    alpha_weight_decay: float = setting(
        1e-3, "Weight decay on the architecture parameters.", low=0.0
    )
    warm_up: int = setting(
        0,
        "First epochs that train only the weights; 15 of 50 in PC-DARTS.",
        low=0,
    )
    partial: int = setting(
        1,
        "PC-DARTS partial channels K: 1/K of the channels passes through the operations, and "
        "edges get weights; 1: plain DARTS, 4 in the paper.",
        low=1,
        high=64,
    )
    stop: str = setting(
        "never",
        "Early stopping, before skip connections take over. eigenvalue: when the dominant "
        "eigenvalue of the validation loss grows (RobustDARTS); skips: when a cell has too many "
        "skip connections (DARTS+).",
        choices=("never", "eigenvalue", "skips"),
    )
    most_skips: int = setting(
        1,
        "Most skip connections of a normal cell before the search stops (stop: skips).",
        low=0,
        high=100,
    )
    eigenvalue_every: int = setting(
        2, "Epochs between two eigenvalue measurements (stop: eigenvalue).", low=1, high=100
    )
    compared: int = setting(
        3,
        "Random architectures retrained from scratch for comparison; at least 3 give a rank "
        "correlation.",
        low=0,
        high=1000,
    )

    def _errors(self) -> dict[str, str]:
        errors = super()._errors()
        if self.warm_up >= self.epochs:
            errors["warm_up"] = (
                f"must be below the {self.epochs} epochs (got {self.warm_up}), or the architecture "
                "is never trained: lower it"
            )
        if self.architecture_data == "train" and self.weights_portion > MAX_PORTION:
            errors["weights_portion"] = (
                f"must be at most {MAX_PORTION:g} (got {self.weights_portion:g}): the rest of the "
                "data trains the architecture"
            )
        return errors

    def alpha_rate(self, kind: DataKind) -> float:
        """Return the learning rate of Adam on the alphas."""
        rate = self.alpha_learning_rate
        return ALPHA_DEFAULTS[kind][0] if rate is None else rate

    def alpha_beta(self, kind: DataKind) -> float:
        """Return beta 1 of Adam on the alphas."""
        return ALPHA_DEFAULTS[kind][1]
