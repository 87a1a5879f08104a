"""The settings of ENAS' controller."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.settings import setting


@dataclass(frozen=True)
class ControllerConfig:
    """The controller's network, and how its logits become probabilities.

    The defaults are those of the released code for `enas-micro`, except for `bias` (10 there)
    and `lean` (0.25 there), which favour separable convolutions in advance. The released
    `enas-macro` has tanh 1.5 (its script passes op_reduce 2.5, which its controller ignores: that
    is op_reduce 1); the recurrent cell has hidden 100, temperature 5, tanh 2.5, op_reduce 1 and
    distance 6. The launch form has presets.
    """

    hidden: int = setting(64, "Hidden units of the controller's LSTM.", low=2, high=1024)
    temperature: float = setting(
        0.0,
        "Divisor of the logits; higher values flatten the probabilities. 0: no division.",
        low=0.0,
    )
    tanh: float = setting(
        1.1,
        "Tanh constant: logits are squashed to this range, so no probability nears 1; 0: off.",
        low=0.0,
    )
    op_reduce: float = setting(
        2.5, "Divisor of the tanh constant for operation logits.", low=0.01, high=1000.0
    )
    favoured: tuple[str, ...] = setting(
        ("sep_conv_3x3", "sep_conv_5x5"),
        "Favoured operations, to which bias and lean apply.",
        choices=("sep_conv_3x3", "sep_conv_5x5", "nor_conv_3x3", "nor_conv_5x5"),
    )
    bias: float = setting(
        0.0,
        "Initial value of the learned bias of the favoured operations; others start at 0.",
        low=-100.0,
    )
    lean: float = setting(
        0.0,
        "Logit bias: added to the favoured operations' logits and subtracted from the others', "
        "in the first cell only.",
        low=0.0,
        high=10.0,
    )
    distance: float = setting(
        0.0,
        "Logits of inputs are lowered by their squared distance divided by this; 0: off.",
        low=0.0,
    )
    placed: bool = setting(
        True,
        "Each position of the sequence has its own learned input and readout; off: as released, "
        "which learns more slowly.",
    )
    skip_target: float = setting(
        0.4,
        "Share of skip connections towards which the skip penalty pulls (enas-macro).",
        low=0.01,
        high=0.99,
    )
