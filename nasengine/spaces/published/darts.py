"""The two cells of DARTS (Liu, Simonyan, Yang, ICLR 2019, 1806.09055).

DARTS_V1 was found with the first-order, DARTS_V2 with the second-order gradient. On CIFAR-10,
without auxiliary head, they have 3,169,414 and 3,349,342 parameters.
"""

from __future__ import annotations

from .notation import published, transcribed

ALL = [2, 3, 4, 5]

DARTS_V1 = published(
    transcribed("sep3 1 + sep3 0; skip 0 + sep3 1; skip 0 + sep3 1; sep3 0 + skip 2", ALL),
    transcribed("max 0 + max 1; skip 2 + max 0; max 0 + skip 2; skip 2 + avg 0", ALL),
)

DARTS_V2 = published(
    transcribed("sep3 0 + sep3 1; sep3 0 + sep3 1; sep3 1 + skip 0; skip 0 + dil3 2", ALL),
    transcribed("max 0 + max 1; skip 2 + max 1; max 0 + skip 2; skip 2 + max 1", ALL),
)
