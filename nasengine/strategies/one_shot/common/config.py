"""Settings of every one-shot search: how the supernet is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....core.dataset import DataKind
from ....core.errors import InvalidSettings
from ....core.schedule_settings import ScheduleSettings
from ....core.settings import same_as, setting
from ....core.space import Space

# Defaults by kind of data, from DARTS (1806.09055), which searches both.
DEFAULTS: dict[DataKind, dict[str, float]] = {
    "images": {
        "batch_size": 64,
        "learning_rate": 0.025,
        "final_learning_rate": 0.001,
        "momentum": 0.9,
        "weight_decay": 3e-4,
        "gradient_clip": 5.0,
    },
    "text": {
        "batch_size": 64,
        "learning_rate": 20.0,
        "final_learning_rate": 20.0,
        "momentum": 0.0,
        "weight_decay": 5e-7,
        "gradient_clip": 0.25,
    },
}


@dataclass(frozen=True)
class SupernetConfig:
    """How a supernet is trained; an empty setting takes the default for the kind of data.

    Raises:
        InvalidSettings: augmentation is set but not the supernet's own.
    """

    epochs: int = setting(25, "Training epochs of the supernet.", low=1, high=1000)
    weights_portion: float = setting(
        0.5,
        "Share of the training data that trains the weights; the rest trains the architecture.",
        low=0.05,
        high=1.0,
    )
    architecture_data: str = setting(
        "train",
        "Data that train the architecture. train: the rest of the training data; valid: the "
        "validation part, so that the weights get all training data.",
        choices=("train", "valid"),
        omit_default=True,
    )
    searches: int = setting(
        1,
        "Searches in sequence, each with its own seed, while the candidates last; the papers "
        "select the best of 4.",
        low=1,
        high=1000,
    )
    batch_size: int | None = setting(
        None, "Batch size: images, or parallel texts. Default: 64.", low=2, high=65_536
    )
    learning_rate: float | None = setting(
        None,
        "First learning rate of the weights. Default: 0.025 (images), 20 (text).",
        low=0.0,
    )
    final_learning_rate: float | None = setting(
        None,
        "Final learning rate (schedules cosine, linear and restarts). Default: 0.001 (images), "
        "constant (text).",
        low=0.0,
    )
    schedule: str = setting(
        "cosine",
        "Learning-rate schedule, changed per epoch. restarts: a cosine that starts again (SGDR); "
        "step: reduced by a factor.",
        choices=("cosine", "linear", "constant", "step", "restarts"),
        omit_default=True,
    )
    restart_epochs: int = same_as(ScheduleSettings, "restart_epochs", omit_default=True)
    restart_factor: int = same_as(ScheduleSettings, "restart_factor", omit_default=True)
    step_after: int = same_as(ScheduleSettings, "step_after", omit_default=True)
    step_epochs: int = same_as(ScheduleSettings, "step_epochs", omit_default=True)
    step_factor: float = same_as(ScheduleSettings, "step_factor", omit_default=True)
    momentum: float | None = setting(
        None, "Momentum of the weights. Default: 0.9 (images), 0 (text).", low=0.0, high=0.999
    )
    nesterov: bool = setting(False, "Use Nesterov momentum for the weights.", omit_default=True)
    weight_decay: float | None = setting(
        None, "Weight decay on the weights. Default: 3e-4 (images), 5e-7 (text).", low=0.0
    )
    gradient_clip: float | None = setting(
        None,
        "Largest norm of the weights' gradients; 0: no clipping. Default: 5 (images), 0.25 (text).",
        low=0.0,
    )
    bptt: int = setting(35, "Words per training step (text only).", low=2, high=1000, unit="words")
    windows: str = setting(
        "spread",
        "Lengths of the windows of words (text only). spread: normal around bptt, or in one step "
        "of twenty around its half; fixed: bptt or its half, without the spread.",
        choices=("spread", "fixed"),
        omit_default=True,
    )
    slowness: float = setting(
        0.0,
        "Weight of the slowness penalty: mean squared change of the output from word to word "
        "(text only).",
        low=0.0,
        omit_default=True,
    )
    max_steps: int = setting(
        0,
        "Maximum number of weight steps per epoch; 0: one pass over the data.",
        low=0,
        high=1_000_000,
        omit_default=True,
    )
    augment: str = setting(
        "estimator",
        "Augmentation of the images that train the supernet. estimator: as in stand-alone "
        "training; own: crop, flip and cutout below.",
        choices=("estimator", "own"),
        omit_default=True,
    )
    crop: int = setting(
        0,
        "Supernet: padding on each side for random crops (augment own).",
        low=0,
        high=64,
        unit="pixels",
        omit_default=True,
    )
    flip: bool = setting(
        False, "Supernet: mirror half of the images at random (augment own).", omit_default=True
    )
    cutout: int = setting(
        0,
        "Supernet: side of the square hidden in each image (augment own).",
        low=0,
        high=512,
        unit="pixels",
        omit_default=True,
    )

    def __post_init__(self) -> None:
        if errors := self._errors():
            raise InvalidSettings(errors)

    def _errors(self) -> dict[str, str]:
        """Return what is wrong with the settings, by name."""
        if self.augment == "own":
            return {}
        return {
            name: f"needs augment own (got augment {self.augment}): choose own, or clear it"
            for name in ("crop", "flip", "cutout")
            if getattr(self, name)
        }

    def resolve(self, name: str, kind: DataKind) -> float:
        """Return a setting, or its default for the kind of data if it is empty."""
        value: Any = getattr(self, name)
        return DEFAULTS[kind][name] if value is None else value

    def check(self, space: Space) -> None:
        """Check the settings against the kind of data that a space reads.

        Raises:
            InvalidSettings: a setting does not apply to the data, or contradicts a default.
        """
        errors = self._errors_on(space.data_kind)
        if errors:
            raise InvalidSettings({f"strategy_config.{name}": why for name, why in errors.items()})

    def _errors_on(self, kind: DataKind) -> dict[str, str]:
        errors = {}
        if self.nesterov and not self.resolve("momentum", kind):
            errors["nesterov"] = "needs momentum above 0: raise momentum, or turn nesterov off"
        if kind == "images" and self.slowness:
            errors["slowness"] = (
                f"applies only to text, and the space reads images (got {self.slowness:g}): "
                "set it to 0"
            )
        if kind == "text" and self.augment == "own":
            errors["augment"] = (
                "applies only to images, and the space reads text (got own): choose estimator"
            )
        return errors
