"""The recurrent cell of ENAS as its corrected code has it (1802.03268; google-research enas_lm).

The paper's own code for language is declared wrong by its authors. Written there
"0 2 1 0 2 1 2 2 4 0 5 0 3 2 6 2", source and function of each node; here the output is the
mean of all nodes.
"""

from __future__ import annotations

from .recurrent_notation import published

ENAS_RNN = published(
    "sigmoid 0; tanh 1; relu 2; sigmoid 2; tanh 4; tanh 5; sigmoid 3; sigmoid 6",
)
