"""The recurrent cell of ENAS from its corrected code (1802.03268; google-research enas_lm).

The authors declare the original language-model code wrong. The corrected code writes the cell as
"0 2 1 0 2 1 2 2 4 0 5 0 3 2 6 2", source and function of each node. Here the output is the mean
of all nodes.
"""

from __future__ import annotations

from .recurrent_notation import published

ENAS_RNN = published(
    "sigmoid 0; tanh 1; relu 2; sigmoid 2; tanh 4; tanh 5; sigmoid 3; sigmoid 6",
)
