"""The settings of estimator `train`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ...core.dataset import DataKind
from ...core.errors import InvalidSettings
from ...core.settings import setting

# What is usual where a setting is empty; of text what DARTS searches with (1806.09055).
USUAL: dict[DataKind, dict[str, float]] = {
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
USUAL_ADAM_OF_TEXT = {"learning_rate": 0.01, "momentum": 0.9}


@dataclass(frozen=True)
class TrainConfig:
    """How a candidate is trained; the defaults suit `digits` and `pydoc-text` on a small machine.

    What is empty depends on whether images or text are learned: `settled` fills it in.

    DARTS' evaluation (1806.09055) is epochs 600, batch_size 96, learning_rate 0.025,
    crop 4, flip, cutout 16, drop_path 0.2, auxiliary_weight 0.4.

    Raises:
        InvalidSettings: the warm-up is longer than the training, or a device is unknown.
    """

    epochs: int = setting(5, "Passes over the training data.", low=1, high=10_000)
    batch_size: int | None = setting(
        None,
        "Images, or streams of text, in one step; empty: 64 of images, 16 of text.",
        low=2,
        high=65_536,
    )
    optimiser: str = setting("sgd", "Rule of the steps.", choices=("sgd", "adamw", "adam"))
    learning_rate: float | None = setting(
        None,
        "Length of the steps at its peak; empty: 0.05 of images; of text 20, with adam and adamw "
        "0.01.",
        low=0.0,
    )
    momentum: float | None = setting(
        None,
        "Share of the last step kept (sgd), or beta 1 (adam, adamw); empty: 0.9, of text with "
        "sgd 0.",
        low=0.0,
        high=0.999,
    )
    nesterov: bool = setting(False, "Nesterov's momentum (sgd).")
    weight_decay: float | None = setting(
        None, "Pull of every weight towards 0; empty: 3e-4 of images, 5e-7 of text.", low=0.0
    )
    schedule: str = setting(
        "cosine",
        "How the learning rate falls: half a cosine, a line, not at all, or by steps.",
        choices=("cosine", "linear", "constant", "step"),
    )
    final_learning_rate: float = setting(0.0, "Where cosine and linear end.", low=0.0)
    step_epochs: int = setting(1, "Epochs between two falls (step).", low=1)
    step_factor: float = setting(
        0.97, "What remains of the rate after a fall (step).", low=0.0, high=1.0
    )
    warm_up: float = setting(
        0.0, "Epochs over which the rate first rises from 0.", low=0.0, unit="epochs"
    )
    gradient_clip: float | None = setting(
        None,
        "Longest norm of all gradients together; 0: unlimited; empty: 5 of images, 0.25 of text.",
        low=0.0,
    )
    bptt: int = setting(
        35,
        "Words of each stream read in one step, through which gradients go back (text).",
        low=1,
        high=10_000,
        unit="words",
    )
    averaging: int = setting(
        5,
        "Weights are averaged once the validation has not improved for so many epochs; 0: never "
        "(text).",
        low=0,
        high=10_000,
        unit="epochs",
    )
    crop: int = setting(
        0,
        "Pixels of black border out of which a random crop is cut.",
        low=0,
        high=64,
        unit="pixels",
    )
    flip: bool = setting(False, "Mirror half of the images; not for digits or letters.")
    cutout: int = setting(
        0, "Side of a square hidden in each image (1708.04552).", low=0, high=512, unit="pixels"
    )
    drop_path: float = setting(
        0.0, "Chance to drop a path, growing from 0 to this.", low=0.0, high=0.95
    )
    label_smoothing: float = setting(
        0.0, "Share of each label spread over all classes.", low=0.0, high=0.9
    )
    auxiliary_weight: float = setting(
        0.0, "Weight of the auxiliary head's loss; 0: no head.", low=0.0, high=10.0
    )
    keep: str = setting(
        "last",
        "Epoch whose error counts. best picks the luckiest of many looks at the same images, "
        "so it flatters long and noisy curves.",
        choices=("last", "best"),
    )
    train_infeasible: bool = setting(
        False, "Train also what breaks a constraint on a cost that is known before training."
    )
    precision: str = setting(
        "auto", "auto: bf16 on CUDA, else float32.", choices=("auto", "float32", "bf16")
    )
    channels_last: bool = setting(True, "Keep the channels of a pixel together; faster mostly.")
    device: str = setting("auto", "auto (CUDA, MPS, else CPU), cpu, cuda, cuda:N or mps.")
    threads: int = setting(
        0, "Processor threads of one training; 0: as the process has them.", low=0, high=1024
    )

    def __post_init__(self) -> None:
        errors = {}
        if self.warm_up > self.epochs:
            errors["warm_up"] = (
                f"{self.warm_up:g} epochs of rising leave none of {self.epochs}: lower it"
            )
        if self.learning_rate is not None and self.final_learning_rate > self.learning_rate:
            errors["final_learning_rate"] = (
                f"{self.final_learning_rate:g} is above learning_rate {self.learning_rate:g}: "
                "a schedule falls"
            )
        if self.nesterov and self.momentum == 0:
            errors["nesterov"] = "needs momentum above 0"
        kind, colon, index = self.device.partition(":")
        known = kind in ("auto", "cpu", "cuda", "mps")
        if not known or (colon and not (kind == "cuda" and index.isdecimal())):
            errors["device"] = f"{self.device[:40]!r} is not auto, cpu, cuda, cuda:N or mps"
        if errors:
            raise InvalidSettings(errors)

    def settled(self, kind: DataKind) -> Settled:
        """The settings with nothing left empty, for a training on such data.

        Raises:
            InvalidSettings: what is given does not go together with what is usual.
        """
        usual = dict(USUAL[kind])
        if kind == "text" and self.optimiser != "sgd":
            usual |= USUAL_ADAM_OF_TEXT
        given: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(TrainConfig)}
        filled: dict[str, Any] = {
            name: usual[name] if value is None else value for name, value in given.items()
        }
        return Settled(**filled)


@dataclass(frozen=True, kw_only=True)
class Settled(TrainConfig):
    """Settings of a training none of which is empty."""

    batch_size: int
    learning_rate: float
    momentum: float
    weight_decay: float
    gradient_clip: float
