"""Settings that regularise the weights of a supernet that trains one architecture per step."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.settings import setting


@dataclass(frozen=True)
class RegularisedConfig:
    """Regularisation in supernet training, off by default; it applies to images only.

    ENAS as released (1802.03268) has drop_path 0.4, drop_path_by_depth, dropout 0.1 and, in its
    micro search, auxiliary_weight 0.4.
    """

    drop_path: float = setting(
        0.0,
        "Supernet: final drop-path probability, 1 - keep probability; it grows linearly from 0.",
        low=0.0,
        high=0.95,
        omit_default=True,
    )
    drop_path_by_depth: bool = setting(
        False,
        "Supernet: scale the drop-path probability by depth; cell n of N gets n / N of it.",
        omit_default=True,
    )
    dropout: float = setting(
        0.0,
        "Supernet: dropout before the classifier, 1 - keep probability.",
        low=0.0,
        high=0.95,
        omit_default=True,
    )
    auxiliary_weight: float = setting(
        0.0,
        "Supernet: weight of the loss of its auxiliary head; 0: no head.",
        low=0.0,
        high=10.0,
        omit_default=True,
    )


REGULARISATION = ("drop_path", "drop_path_by_depth", "dropout", "auxiliary_weight")
