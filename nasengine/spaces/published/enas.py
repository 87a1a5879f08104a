"""The micro cell of ENAS (Pham et al., ICML 2018, 1802.03268).

The cell is that of the authors' final script `cifar10_micro_final.sh`; the RENAS authors
transcribe another one. It is built in the network of DARTS with 20 cells of 36 channels; the
script stacks 15 layers of 36 filters and two reductions in another network.
"""

from __future__ import annotations

from .notation import published, transcribed

ENAS_MICRO = published(
    transcribed(
        "avg 0 + sep3 0; skip 0 + sep5 0; skip 0 + sep5 1; sep3 1 + sep5 0; avg 0 + sep5 1"
    ),
    transcribed("sep3 1 + sep3 1; max 0 + avg 0; sep5 1 + sep5 3; sep3 1 + skip 0; max 0 + sep5 1"),
)
