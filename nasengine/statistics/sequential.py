"""Comparison of two methods while seeds arrive, valid however often one looks.

Every seed gives a pair of results. If neither method is better, each of them has the better
result with probability 1/2, whatever the distribution: that is the hypothesis under test. A
bettor who stakes against it with a Beta(1/2, 1/2) mixture over the probability of a win has,
after w wins and l losses, the wealth

    E = 2^(w + l) B(w + 1/2, l + 1/2) / B(1/2, 1/2),

the ratio of the mixture likelihood to that of fair coins. Under the hypothesis E is a nonnegative
martingale that begins at 1, so by Ville's inequality (1939) it ever reaches 1/alpha with
probability at most alpha: 1/max E is a p value at every time, and at any time one may stop. Ties
decide nothing and leave E as it is.

Robbins, Statistical methods related to the law of the iterated logarithm, Annals of Mathematical
Statistics 41 (1970); Krichevsky and Trofimov, IEEE Transactions on Information Theory 27 (1981);
Ramdas, Grünwald, Vovk and Shafer, Game-theoretic statistics and safe anytime-valid inference,
Statistical Science 38 (2023). Holm's correction holds for these p values as for others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .samples import holm

ALPHA = 0.05
MAX_MORE = 200


@dataclass(frozen=True)
class Evidence:
    """Evidence of the seeds so far about two methods.

    Attributes:
        wins: Seeds at which the first was better.
        losses: Seeds at which the second was better.
        p: Anytime-valid p value: 1 / the largest wealth so far.
    """

    wins: int
    losses: int
    p: float


def wealth(wins: int, losses: int) -> float:
    """Return E after so many wins and losses; 1 before the first."""
    log = (
        (wins + losses) * math.log(2)
        + math.lgamma(wins + 0.5)
        + math.lgamma(losses + 0.5)
        - math.lgamma(wins + losses + 1)
        - math.log(math.pi)  # B(1/2, 1/2)
    )
    return math.exp(log)


def evidence(differences: Sequence[float]) -> Evidence:
    """Return the evidence of results in the order of the seeds.

    Args:
        differences: The first method's result minus the second's at each seed; larger is better.
    """
    wins, losses, largest = 0, 0, 1.0
    for difference in differences:
        wins += difference > 0
        losses += difference < 0
        if difference:
            largest = max(largest, wealth(wins, losses))
    return Evidence(wins, losses, 1 / largest)


def more_seeds(evidence: Evidence, alpha: float = ALPHA) -> int | None:
    """Return how many more seeds decide if all of them go to the leading method.

    0 if it is decided; None if more than `MAX_MORE` would be needed.
    """
    if evidence.p <= alpha:
        return 0
    ahead, behind = max(evidence.wins, evidence.losses), min(evidence.wins, evidence.losses)
    for more in range(1, MAX_MORE + 1):
        if wealth(ahead + more, behind) >= 1 / alpha:
            return more
    return None


def corrected(evidences: Mapping[str, Evidence]) -> dict[str, float]:
    """Return the p value of each comparison with Holm's correction; valid at any time."""
    return holm({name: evidence.p for name, evidence in evidences.items()})
