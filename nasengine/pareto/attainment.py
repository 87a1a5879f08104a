"""Empirical attainment: the fronts that a share of several runs reach (2 objectives).

Grunert da Fonseca, Fonseca and Hall, Inferential performance assessment of stochastic optimisers
and the attainment function, EMO 2001; computed by moocore.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .dominance import finite_rows


def attainment_fronts(
    fronts: Sequence[np.ndarray], shares: Sequence[float]
) -> dict[float, np.ndarray]:
    """Return for each share the corners k x 2 of the front that so many of the runs attain.

    A point is attained by a run if a point of the run's front is nowhere worse. The front of
    share 0.5 is the median front: half of the runs attain everything behind it.

    Args:
        fronts: for each run its points n x 2, lower is better; runs without a point attain
            nothing.
        shares: numbers above 0, up to 1.
    """
    import moocore

    sizes = [len(front) for front in fronts]
    filled = [np.asarray(f, dtype=float)[finite_rows(np.asarray(f, dtype=float))]
              for f in fronts if len(f)]  # fmt: skip
    empty = np.empty((0, 2))
    count = len(sizes)
    found: dict[float, np.ndarray] = {}
    for share in shares:
        # moocore counts the runs that have points only.
        needed = max(1, int(np.ceil(share * count - 1e-9)))
        if needed > len(filled):
            found[share] = empty
            continue
        points = np.vstack(filled)
        sets = np.repeat(np.arange(1, len(filled) + 1), [len(f) for f in filled])
        table = moocore.eaf(points, sets=sets, percentiles=[100 * needed / len(filled)])
        corners = table[:, :2]
        found[share] = corners[np.lexsort((corners[:, 1], corners[:, 0]))]
    return found
