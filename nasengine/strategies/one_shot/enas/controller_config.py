"""The settings of ENAS' controller."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.settings import setting


@dataclass(frozen=True)
class ControllerConfig:
    """How the controller is made and how its scores become chances.

    The defaults are those of the released code for `enas-micro` but for `bias` (there 10) and
    `lean` (0.25), which say beforehand that separable convolutions are good. `enas-macro` was
    released with tanh 1.5 and op_reduce 1, the recurrent cell with hidden 100, temperature 5,
    tanh 2.5, op_reduce 1 and distance 6.
    """

    hidden: int = setting(64, "Units of the controller's LSTM.", low=2, high=1024)
    temperature: float = setting(
        0.0, "Scores are divided by this, so chances are more even; 0: not at all.", low=0.0
    )
    tanh: float = setting(
        1.1, "Scores are squashed to this by tanh, so no chance nears 1; 0: not at all.", low=0.0
    )
    op_reduce: float = setting(
        2.5, "Scores of operations are squashed to so much less.", low=0.01, high=1000.0
    )
    favoured: tuple[str, ...] = setting(
        ("sep_conv_3x3", "sep_conv_5x5"),
        "Operations that bias and lean are for.",
        choices=("sep_conv_3x3", "sep_conv_5x5", "nor_conv_3x3", "nor_conv_5x5"),
    )
    bias: float = setting(
        0.0, "Where the learned bias of the favoured operations begins; others at 0.", low=-100.0
    )
    lean: float = setting(
        0.0,
        "Added to the squashed scores of the favoured operations, taken from those of the others, "
        "in the first cell only.",
        low=0.0,
        high=10.0,
    )
    distance: float = setting(
        0.0, "Scores of inputs lose the square of the distance over this; 0: nothing.", low=0.0
    )
    placed: bool = setting(
        True,
        "Each place of the sequence has a learned input and readouts of its own; off: as released, "
        "which learns more slowly.",
    )
    skip_target: float = setting(
        0.4, "Share of skips that the controller is pulled towards.", low=0.01, high=0.99
    )
