"""Settings of the estimator `train`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ...core.dataset import DataKind
from ...core.errors import InvalidSettings
from ...core.schedule_settings import ScheduleSettings
from ...core.settings import same_as, setting
from ...core.text import shorten

# Defaults of empty settings; those for text are DARTS' search settings (1806.09055).
DEFAULTS: dict[DataKind, dict[str, float]] = {
    "images": {
        "batch_size": 64,
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 3e-4,
        "gradient_clip": 5.0,
    },
    "text": {
        "batch_size": 16,
        "learning_rate": 20.0,
        "momentum": 0.0,
        "weight_decay": 5e-7,
        "gradient_clip": 0.25,
    },
}
TEXT_ADAM_DEFAULTS = {"learning_rate": 0.01, "momentum": 0.9}


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one training; the defaults suit `digits` and `pydoc-text` on one CPU core.

    Defaults of empty settings depend on the kind of data; `resolve` fills them in.

    DARTS' evaluation (1806.09055) uses epochs 600, batch_size 96, learning_rate 0.025, crop 4,
    flip, cutout 16, drop_path 0.2 and auxiliary_weight 0.4; the launch form has presets.

    Raises:
        InvalidSettings: the warm-up is longer than the training, the learning rate would rise,
            nesterov has no momentum, or the device is unknown.
    """

    epochs: int = setting(5, "Passes over the training data.", low=1, high=10_000)
    batch_size: int | None = setting(
        None,
        "Images, or parallel text streams, per step. Default: 64 (images), 16 (text).",
        low=2,
        high=65_536,
    )
    optimiser: str = setting("sgd", "Optimizer.", choices=("sgd", "adamw", "adam"))
    learning_rate: float | None = setting(
        None,
        "Peak learning rate. Default: 0.05 (images), 20 (text), 0.01 (text with adam, adamw).",
        low=0.0,
    )
    momentum: float | None = setting(
        None,
        "Momentum (sgd) or beta 1 (adam, adamw). Default: 0.9; 0 for text with sgd.",
        low=0.0,
        high=0.999,
    )
    nesterov: bool = setting(False, "Use Nesterov momentum (sgd).")
    weight_decay: float | None = setting(
        None, "Weight decay on all parameters. Default: 3e-4 (images), 5e-7 (text).", low=0.0
    )
    schedule: str = setting(
        "cosine",
        "Learning-rate schedule. restarts: a cosine that starts again (SGDR); step: reduced by a "
        "factor.",
        choices=("cosine", "linear", "constant", "step", "restarts"),
    )
    final_learning_rate: float = setting(
        0.0, "Final learning rate of the schedules cosine, linear and restarts.", low=0.0
    )
    restart_epochs: int = same_as(ScheduleSettings, "restart_epochs", omit_default=True)
    restart_factor: int = same_as(ScheduleSettings, "restart_factor", omit_default=True)
    step_after: int = same_as(ScheduleSettings, "step_after", omit_default=True)
    step_epochs: int = same_as(ScheduleSettings, "step_epochs")
    step_factor: float = same_as(ScheduleSettings, "step_factor")
    warm_up: float = setting(
        0.0, "Epochs in which the learning rate rises from 0 to its peak.", low=0.0, unit="epochs"
    )
    gradient_clip: float | None = setting(
        None,
        "Largest norm of all gradients; 0: no clipping. Default: 5 (images), 0.25 (text).",
        low=0.0,
    )
    bptt: int = setting(
        35,
        "Words per stream and step; gradients are truncated at its start (text).",
        low=1,
        high=10_000,
        unit="words",
    )
    slowness: float = setting(
        0.0,
        "Weight of the slowness penalty: mean squared change of the output from word to word "
        "(text).",
        low=0.0,
        omit_default=True,
    )
    averaging: int = setting(
        5,
        "Patience in epochs before weights are averaged (NT-ASGD, text); 0: never.",
        low=0,
        high=10_000,
        unit="epochs",
    )
    crop: int = setting(
        0,
        "Padding on each side for random crops.",
        low=0,
        high=64,
        unit="pixels",
    )
    flip: bool = setting(False, "Mirror half of the images at random; not for digits.")
    resized_crop: float = setting(
        0.0,
        "Random-resized crop: smallest share of the area of an image that is cut out and resized; "
        "ImageNet uses 0.08. 0: off.",
        low=0.0,
        high=1.0,
        omit_default=True,
    )
    colour_jitter: float = setting(
        0.0,
        "Largest random change of brightness, contrast and saturation, as a share; 0: none.",
        low=0.0,
        high=1.0,
        omit_default=True,
    )
    hue_jitter: float = setting(
        0.0,
        "Largest random change of hue, as a share of the colour circle; 0: none.",
        low=0.0,
        high=0.5,
        omit_default=True,
    )
    cutout: int = setting(
        0, "Side of the square hidden in each image (1708.04552).", low=0, high=512, unit="pixels"
    )
    drop_path: float = setting(
        0.0, "Final drop-path probability; it grows linearly from 0.", low=0.0, high=0.95
    )
    drop_path_by_depth: bool = setting(
        False,
        "Scale the drop-path probability by depth: cell n of N gets n / N of it, as in ENAS "
        "(networks of stacked cells).",
        omit_default=True,
    )
    dropout: float = setting(
        0.0,
        "Dropout before the classifier; 1 - keep probability of ENAS.",
        low=0.0,
        high=0.95,
        omit_default=True,
    )
    group_lasso: float = setting(
        0.0,
        "Weight of the group lasso on learned group convolutions (CondenseNet); 0: none.",
        low=0.0,
        omit_default=True,
    )
    label_smoothing: float = setting(0.0, "Label smoothing.", low=0.0, high=0.9)
    auxiliary_weight: float = setting(
        0.0, "Weight of the loss of the auxiliary head; 0: no head.", low=0.0, high=10.0
    )
    keep: str = setting(
        "last",
        "Epoch whose score is reported. best is optimistically biased for long or noisy curves.",
        choices=("last", "best"),
    )
    train_infeasible: bool = setting(
        False, "Train candidates that violate a constraint on a cost known before training."
    )
    precision: str = setting(
        "auto",
        "Number type of the forward pass; auto: bf16 on CUDA, else float32.",
        choices=("auto", "float32", "bf16"),
    )
    cuda_graphs: bool = setting(
        True,
        "Record the training step as one CUDA graph, which saves the time of launching its kernels "
        "one by one (CUDA only).",
        omit_default=True,
    )
    channels_last: bool = setting(True, "Use the channels-last memory format; usually faster.")
    device: str = setting("auto", "Device: auto (CUDA, MPS, else CPU), cpu, cuda, cuda:N or mps.")
    threads: int = setting(
        0, "CPU threads of one training; 0: the setting of the process.", low=0, high=1024
    )

    def __post_init__(self) -> None:
        errors = {}
        if self.warm_up > self.epochs:
            errors["warm_up"] = (
                f"must be at most epochs, {self.epochs} (got {self.warm_up:g}): lower it"
            )
        if self.learning_rate is not None and self.final_learning_rate > self.learning_rate:
            errors["final_learning_rate"] = (
                f"must be at most learning_rate, {self.learning_rate:g} "
                f"(got {self.final_learning_rate:g}): lower it"
            )
        if self.nesterov and self.momentum == 0:
            errors["nesterov"] = "needs momentum above 0: raise momentum, or turn nesterov off"
        kind, colon, index = self.device.partition(":")
        if kind not in ("auto", "cpu", "cuda", "mps") or (
            colon and not (kind == "cuda" and index.isdecimal())
        ):
            errors["device"] = (
                f"must be auto, cpu, cuda, cuda:N or mps (got {shorten(self.device, 40)})"
            )
        if errors:
            raise InvalidSettings(errors)

    @property
    def changes_colours(self) -> bool:
        """Whether the colours of training images are changed at random."""
        return self.colour_jitter > 0 or self.hue_jitter > 0

    def resolve(self, kind: DataKind) -> ResolvedTrainConfig:
        """Return the settings with the defaults of this kind of data filled in.

        Raises:
            InvalidSettings: a given setting contradicts a default.
        """
        defaults = dict(DEFAULTS[kind])
        if kind == "text" and self.optimiser != "sgd":
            defaults |= TEXT_ADAM_DEFAULTS
        values: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in fields(TrainConfig)
        }
        resolved: dict[str, Any] = {
            name: defaults[name] if value is None else value for name, value in values.items()
        }
        return ResolvedTrainConfig(**resolved)


@dataclass(frozen=True, kw_only=True)
class ResolvedTrainConfig(TrainConfig):
    """Settings of a training, none of them empty."""

    batch_size: int
    learning_rate: float
    momentum: float
    weight_decay: float
    gradient_clip: float


def settings_errors(config: TrainConfig, kind: DataKind) -> dict[str, str]:
    """Return which settings contradict a default of this kind of data, by their path."""
    try:
        config.resolve(kind)
    except InvalidSettings as error:
        return {f"estimator_config.{name}": text for name, text in error.errors.items()}
    return {}
