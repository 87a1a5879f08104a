"""The recurrent cells of DARTS (Liu, Simonyan, Yang, ICLR 2019, 1806.09055).

DARTS_V1_RNN was found with the first-order, DARTS_V2_RNN with the second-order gradient. With a
state of size 850 and a vocabulary of 10,000 words each has 22,960,000 parameters.
"""

from __future__ import annotations

from .recurrent_notation import published

DARTS_V1_RNN = published(
    "relu 0; relu 1; tanh 2; relu 3; relu 4; identity 1; relu 5; relu 1",
)

DARTS_V2_RNN = published(
    "sigmoid 0; relu 1; relu 1; identity 1; tanh 2; sigmoid 5; tanh 3; relu 5",
)
