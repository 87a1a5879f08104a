"""Evaluation of recurrent cells by DARTS (1806.09055): Penn treebank and WikiText-2."""

from __future__ import annotations

from ..core.protocol import Protocol

SETTINGS = {
    "epochs": 8000,
    "batch_size": 64,
    "bptt": 35,
    "optimiser": "sgd",
    "learning_rate": 20.0,
    "schedule": "constant",
    "momentum": 0.0,
    "weight_decay": 8e-7,
    "gradient_clip": 0.25,
    "slowness": 1e-3,
    "averaging": 5,
}
NETWORK = {
    "hidden": 850,
    "word_dropout": 0.1,
    "embedding_dropout": 0.2,
    "input_dropout": 0.75,
    "hidden_dropout": 0.25,
    "output_dropout": 0.75,
}

DARTS_PTB = Protocol(
    name="darts-ptb",
    help="Penn treebank as in DARTS: state of 850, batch 64, up to 8000 epochs, SGD and then "
    "averaged weights.",
    data_kind="text",
    trains_on="train",
    dataset="ptb",
    settings=SETTINGS,
    network=NETWORK,
)
DARTS_WIKITEXT2 = Protocol(
    name="darts-wikitext2",
    help="WikiText-2 as in DARTS: state of 700, hidden dropout 0.15, weight decay 5e-7, else as "
    "darts-ptb.",
    data_kind="text",
    trains_on="train",
    dataset="wikitext2",
    settings={**SETTINGS, "weight_decay": 5e-7},
    network={**NETWORK, "hidden": 700, "hidden_dropout": 0.15},
)
