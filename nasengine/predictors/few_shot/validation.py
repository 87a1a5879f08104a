"""How far a predictor can be trusted: every measured network is predicted from the others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ...core.errors import EngineError
from ...statistics.ranks import RankCorrelation, rank_correlation
from .learning import Prior
from .predictor import COVERAGE, predict

ENOUGH = 10  # measurements; fewer are said to be too few
MIN_MEASURED = 4  # so that three remain when one is left out
MIN_SPEARMAN = 0.7
Z_90 = 1.6448536269514722
OWN_WEIGHT = 20  # of the predictor's own scale next to the errors of left-out networks


@dataclass(frozen=True)
class LeftOut:
    """The measured networks, each predicted from the others.

    Attributes:
        measured: The measured costs.
        predicted: The predictions of the others.
        ratios: Error of each in standard deviations of its prediction.
    """

    measured: np.ndarray
    predicted: np.ndarray
    ratios: np.ndarray


@dataclass(frozen=True)
class Validation:
    """Quality of a predictor when one measured network is left out at a time.

    Attributes:
        count: Measured networks.
        correlation: Rank correlation of predicted and measured costs, with its 90 % interval;
            None if it cannot be computed.
        inside: Networks whose measured cost is inside the 90 % interval that the others give.
        inside_low: Lower end of the 90 % interval (Wilson) of the share inside.
        inside_high: Upper end.
        relative_error: Median relative error.
        warnings: Faults of the predictor; empty if it has none.
    """

    count: int
    correlation: RankCorrelation | None
    inside: int
    inside_low: float
    inside_high: float
    relative_error: float
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Validation:
        found = value["correlation"]
        correlation = None if found is None else RankCorrelation(**found)
        return cls(**{**value, "correlation": correlation, "warnings": tuple(value["warnings"])})


def leave_one_out(prior: Prior, measured: np.ndarray, costs: np.ndarray) -> LeftOut:
    """Predict each measured network from the others.

    Args:
        prior: The knowledge from known devices.
        measured: Numbers of the measured networks.
        costs: Their measured costs.

    Raises:
        EngineError: fewer than four networks were measured.
    """
    costs = np.asarray(costs, float)
    if len(costs) < MIN_MEASURED:
        raise EngineError(
            f"{len(costs)} networks are measured: a predictor needs at least {MIN_MEASURED}"
        )
    plain = replace(prior, widening=1.0)
    values, deviations = np.empty(len(costs)), np.empty(len(costs))
    for n in range(len(costs)):
        rest = np.arange(len(costs)) != n
        found = predict(plain, measured[rest], costs[rest], measured[[n]])
        values[n], deviations[n] = found.value[0], found.deviation[0]
    return LeftOut(costs, values, np.abs(costs - values) / deviations)


def widened(prior: Prior, left_out: LeftOut) -> Prior:
    """Return the prior with intervals as wide as the errors on this device ask for.

    Known devices tell how wide intervals must be, but if they are modelled they resemble each
    other more than a real device. Intervals are never narrower than the predictor's own.
    """
    return replace(prior, widening=_width(prior, left_out.ratios))


def width_factor(ratios: np.ndarray) -> float:
    """Return the factor on standard deviations of a 90 % interval for a further network.

    The predictor divides the squared errors of its fit by the number of networks; with one less,
    and the quantile of Student's t, the interval covers the uncertainty of a scale that few
    networks give. Errors of left-out networks correct that scale: by their median, because the
    chosen networks differ most from each other and some are far outside of what the others span.
    Ten of them say little, so the predictor's own scale counts as `OWN_WEIGHT` networks.

    Args:
        ratios: Errors in standard deviations, at least two.
    """
    from scipy.stats import t

    count = len(ratios)
    freedom = count - 1
    typical = float(np.median(ratios)) / float(t.ppf(0.75, freedom))
    share = (OWN_WEIGHT + count * typical**2) / (OWN_WEIGHT + count)
    return float(t.ppf((1 + COVERAGE) / 2, freedom)) * math.sqrt(share * count / freedom)


def _width(prior: Prior, ratios: np.ndarray) -> float:
    return max(prior.widening, Z_90, width_factor(ratios))


def validate(prior: Prior, left_out: LeftOut) -> Validation:
    """Return the validation; the width of each interval comes from the other networks."""
    count = len(left_out.measured)
    widths = [_width(prior, np.delete(left_out.ratios, n)) for n in range(count)]
    inside = int((left_out.ratios <= np.array(widths)).sum())
    correlation = rank_correlation(left_out.predicted.tolist(), left_out.measured.tolist())
    low, high = _wilson(inside, count)
    error = float(np.median(np.abs(left_out.predicted / left_out.measured - 1)))
    warnings = _warnings(count, correlation, high)
    return Validation(count, correlation, inside, low, high, error, warnings)


def _warnings(
    count: int, correlation: RankCorrelation | None, inside_high: float
) -> tuple[str, ...]:
    found = []
    if count < ENOUGH:
        found.append(f"only {count} networks are measured: measure at least {ENOUGH}")
    if correlation is None:
        found.append("the rank correlation cannot be computed: measure more networks")
    elif correlation.spearman < MIN_SPEARMAN:
        found.append(
            f"the rank correlation is {correlation.spearman:.2f}, under {MIN_SPEARMAN}: do not "
            "choose networks by these values, measure more"
        )
    if inside_high < COVERAGE:
        found.append("the 90 % intervals hold too rarely: they are too narrow")
    return tuple(found)


def _wilson(inside: int, count: int) -> tuple[float, float]:
    """Return the 90 % interval of a share (Wilson, 1927)."""
    share, z2 = inside / count, Z_90**2
    centre = share + z2 / (2 * count)
    reach = Z_90 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return (
        max(0.0, (centre - reach) / (1 + z2 / count)),
        min(1.0, (centre + reach) / (1 + z2 / count)),
    )
