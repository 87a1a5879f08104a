"""The search settings that belong to no plugin."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog import names
from ..core.settings import setting
from ..curves import MODELS
from ..fidelity.settings import METHODS

MAX_LIMIT = 1e6


@dataclass(frozen=True)
class Budget:
    """The search settings that belong to no plugin: budget, seed and order of results."""

    candidates: int = setting(
        100,
        "Number of candidates to evaluate. Candidates that violate a constraint on a cost are not "
        "trained and do not count.",
        low=1,
        high=100_000,
    )
    max_hours: float = setting(
        0.0,
        "The run ends after so many hours; pauses do not count. 0: no limit. Kept by the "
        "workbench.",
        low=0.0,
        high=MAX_LIMIT,
        unit="h",
    )
    max_gpu_hours: float = setting(
        0.0,
        "The run ends after so many hours on GPUs, of all workers together. 0: no limit. Kept by "
        "the workbench.",
        low=0.0,
        high=MAX_LIMIT,
        unit="h",
    )
    max_kwh: float = setting(
        0.0,
        "The run ends after so much energy, from the counter of the card or modelled from the "
        "power of the device. 0: no limit. Kept by the workbench.",
        low=0.0,
        high=MAX_LIMIT,
        unit="kWh",
    )
    seed: int = setting(
        0, "Random seed; the same seed gives the same search.", low=0, high=2**63 - 1
    )
    in_flight: int = setting(1, "How many candidates may train at the same time.", low=1, high=64)
    deterministic: bool = setting(True, "Results reach the strategy in proposal order.")
    proposals_per_candidate: int = setting(
        20,
        "Most proposals per candidate of the budget; the search ends there if too few proposals "
        "meet the constraints. 1: every proposal counts.",
        low=1,
        high=1000,
    )
    fewer_epochs: str = setting(
        "off",
        "How trainings are shortened. halving: successive halving, the better part of each group "
        "goes on; asha: the same without waiting for the group; median: stop what is worse than "
        "the median; curves: stop what has little chance to be on the front by its learning curve. "
        "off: every candidate is trained to its end.",
        choices=("off", *METHODS),
    )
    first_epochs: int = setting(
        1,
        "Epochs before the first decision; later ones follow at this times the powers of "
        "reduction. Used with fewer_epochs.",
        low=1,
        high=10_000,
    )
    reduction: int = setting(
        4,
        "Halving and asha: one in so many candidates goes on; also the ratio of the epochs of two "
        "decisions.",
        low=2,
        high=100,
    )
    min_chance: float = setting(
        0.05,
        "Curves: stop a training when its chance to be the best, or to be on the front, is below "
        "this.",
        low=0.0,
        high=1.0,
    )
    min_curves: int = setting(
        20,
        "Curves: complete trainings before the first is stopped; median: candidates to compare "
        "with.",
        low=6,
        high=10_000,
    )
    curve_model: str = setting(
        "gaussian-process",
        "Curves: regression that predicts the last value of a learning curve.",
        choices=tuple(MODELS),
    )
    proxy: str = setting(
        "off",
        "Estimate before training: candidates that it scores low are not trained and do not count "
        "towards the budget, as long as it ranks this search's candidates well. az_nas is the most "
        "accurate, synflow and macs are quick. off: every candidate is trained.",
        choices=("off", *names("proxies")),
    )
    proxy_keep: float = setting(
        0.5, "Share of the candidates that the proxy lets be trained.", low=0.05, high=1.0
    )
    proxy_correlation: float = setting(
        0.3,
        "Smallest rank correlation (Spearman) of the proxy with the result. While it is lower, "
        "every candidate is trained.",
        low=-1.0,
        high=1.0,
    )
    proxy_first: int = setting(
        10,
        "Candidates that are trained before the proxy decides for the first time.",
        low=5,
        high=10_000,
    )
    proxy_checks: int = setting(
        5,
        "One in so many candidates is trained whatever its score, to keep measuring the rank "
        "correlation and what the filter loses.",
        low=1,
        high=1000,
    )
