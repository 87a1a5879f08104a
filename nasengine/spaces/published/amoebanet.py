"""The cell AmoebaNet-A (Real et al., AAAI 2019, 1802.01548), as the DARTS authors transcribe it.

They stack it to 20 cells of 36 channels in the network of DARTS, which is also built here. The
original network has another stem and stacking.
"""

from __future__ import annotations

from .notation import WIDER, published, transcribed

AMOEBANET_A = published(
    transcribed(
        "avg 0 + max 1; sep3 0 + sep5 2; sep3 0 + avg 3; sep3 1 + skip 1; skip 0 + avg 1",
        concat=[4, 5, 6],
    ),
    transcribed(
        "avg 0 + sep3 1; max 0 + sep7 2; sep7 0 + avg 1; max 0 + max 1; 7x1 0 + sep3 5",
        concat=[3, 4, 6],
    ),
    **WIDER,
)
