"""RENASNet (Chen et al., CVPR 2019, 1808.00193): one cell, normal and reducing.

The output joins the blocks that no other block reads and, in normal cells, input 0; a skip of
stride 2 is max pooling. It is built in the network of DARTS with 20 cells of 36 channels; the
CIFAR-10 network of the paper has 18 cells of 32 filters and another stacking.
"""

from __future__ import annotations

from .notation import published, transcribed

BLOCKS = "sep5 0 + sep3 1; skip 1 + sep3 1; sep3 0 + avg 0; sep5 1 + sep3 0; skip 2 + sep3 2"

RENASNET = published(
    transcribed(BLOCKS, concat=[0, 3, 4, 5, 6]),
    transcribed(BLOCKS),
    reduced_skip="max_pool",
)
