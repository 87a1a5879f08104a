"""The settings of strategy `darts`."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.dataset import DataKind
from ....core.errors import InvalidSettings
from ....core.settings import setting
from ..common.config import SharingConfig

MAX_PORTION = 0.95
USUAL_ALPHAS: dict[DataKind, tuple[float, float]] = {
    # Adam's rate and beta 1 of the architecture parameters.
    "images": (3e-4, 0.5),
    "text": (3e-3, 0.9),
}


@dataclass(frozen=True)
class DartsConfig(SharingConfig):
    """How DARTS searches; the defaults are the paper's, but for 25 epochs in place of 50.

    Raises:
        InvalidSettings: no epoch, or no data, is left for the architecture.
    """

    order: str = setting(
        "first",
        "second looks one step of the weights ahead: about three times as dear.",
        choices=("first", "second"),
    )
    alpha_learning_rate: float | None = setting(
        None, "Adam's rate of the architecture; empty: 3e-4 of images, 3e-3 of text.", low=0.0
    )
    alpha_weight_decay: float = setting(1e-3, "Pull of the architecture towards even.", low=0.0)
    warm_up: int = setting(
        0, "Epochs in which the weights alone are trained; PC-DARTS takes 15 of 50.", low=0
    )
    partial: int = setting(
        1,
        "PC-DARTS: one in so many channels goes through the operations, and edges have weights "
        "of their own; 1: plain DARTS, 4: its paper's.",
        low=1,
        high=64,
    )
    stop: str = setting(
        "never",
        "What ends the search early, before skip connections take over: the dominant eigenvalue "
        "of the validation loss by the architecture (RobustDARTS), or too many skips (DARTS+).",
        choices=("never", "eigenvalue", "skips"),
    )
    most_skips: int = setting(
        1, "Skips a normal cell may have before the search stops (stop skips).", low=0, high=100
    )
    eigenvalue_every: int = setting(
        2, "Epochs from one eigenvalue to the next (stop eigenvalue).", low=1, high=100
    )
    compared: int = setting(
        3,
        "Random architectures trained alone as well, beside the one found; with three or more "
        "it shows whether shared errors tell anything.",
        low=0,
        high=1000,
    )

    def __post_init__(self) -> None:
        errors = {}
        if self.warm_up >= self.epochs:
            errors["warm_up"] = (
                f"{self.warm_up} epochs of weights alone leave none of {self.epochs} for the "
                "architecture: lower it"
            )
        if self.weights_portion > MAX_PORTION:
            errors["weights_portion"] = (
                f"{self.weights_portion:g} leaves too little for the architecture: give at most "
                f"{MAX_PORTION:g}"
            )
        if errors:
            raise InvalidSettings(errors)

    def alpha_rate(self, kind: DataKind) -> float:
        """Adam's rate of the architecture parameters."""
        rate = self.alpha_learning_rate
        return USUAL_ALPHAS[kind][0] if rate is None else rate

    def alpha_beta(self, kind: DataKind) -> float:
        """Adam's beta 1 of the architecture parameters."""
        return USUAL_ALPHAS[kind][1]
