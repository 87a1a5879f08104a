"""The cell NASNet-A (Zoph et al., CVPR 2018, 1707.07012), as the DARTS authors transcribe it.

They stack it to 20 cells of 36 channels in the network of DARTS, which is also built here. The
original network has another stem and stacking.
"""

from __future__ import annotations

from .notation import WIDER, published, transcribed

NASNET_A = published(
    transcribed(
        "sep5 1 + sep3 0; sep5 0 + sep3 0; avg 1 + skip 0; avg 0 + avg 0; sep3 1 + skip 1",
        concat=[2, 3, 4, 5, 6],
    ),
    transcribed(
        "sep5 1 + sep7 0; max 1 + sep7 0; avg 1 + sep5 0; skip 3 + avg 2; sep3 2 + max 1",
        concat=[4, 5, 6],
    ),
    **WIDER,
)
