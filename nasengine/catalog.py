"""The one table: catalogue name -> "module:Name", imported on first use.

Adding a space, strategy, estimator, objective, data set or published network is one
file plus one line here. Nothing named here may import torch at its module's top: the
web process reads the catalogue and holds no torch.
"""

from __future__ import annotations

import importlib
from typing import Any

from .core.errors import UnknownName
from .core.text import shorten

KINDS: dict[str, dict[str, str]] = {
    "spaces": {
        "cell": "nasengine.spaces.cell.space:CellSpace",
        "nb201": "nasengine.spaces.nb201.space:NB201Space",
        "enas-micro": "nasengine.spaces.enas_micro.space:EnasMicroSpace",
        "enas-macro": "nasengine.spaces.enas_macro.space:EnasMacroSpace",
        "block-cell": "nasengine.spaces.block_cell.space:BlockCellSpace",
        "dense-cell": "nasengine.spaces.dense_cell.space:DenseCellSpace",
        "topology": "nasengine.spaces.topology.space:TopologySpace",
        "chain-alexnet": "nasengine.spaces.chain_alexnet.space:ChainAlexNetSpace",
        "chain-condensenet": "nasengine.spaces.chain_condensenet.space:ChainCondenseNetSpace",
        "recurrent-cell": "nasengine.spaces.recurrent_cell.space:RecurrentCellSpace",
    },
    "strategies": {
        "random": "nasengine.strategies.random:RandomSearch",
        "regularised-evolution": "nasengine.strategies.regularised_evolution:RegularisedEvolution",
        "nsga2": "nasengine.strategies.nsga2:NSGA2",
        "local-search": "nasengine.strategies.local_search:LocalSearch",
        "monas": "nasengine.strategies.monas.strategy:Monas",
        "topology-evolution": "nasengine.strategies.topology_evolution.strategy:TopologyEvolution",
        "renas": "nasengine.strategies.renas.strategy:Renas",
        "dpp-net": "nasengine.strategies.dpp_net.strategy:DPPNet",
        "darts": "nasengine.strategies.one_shot.darts.strategy:Darts",
        "enas": "nasengine.strategies.one_shot.enas.strategy:Enas",
        "random-sharing": "nasengine.strategies.one_shot.random_sharing:RandomSharing",
    },
    # By the name of the strategy that asks for shared networks.
    "trainers": {
        "darts": "nasengine.estimators.one_shot.darts.trainer:DartsTrainer",
        "enas": "nasengine.estimators.one_shot.enas.trainer:EnasTrainer",
        "random-sharing": "nasengine.estimators.one_shot.random_sharing:RandomSharingTrainer",
    },
    "estimators": {
        "train": "nasengine.estimators.training.estimator:Train",
        "inherit": "nasengine.estimators.inheritance.estimator:Inherit",
        "shared": "nasengine.estimators.one_shot.shared:OneShot",
        "table": "nasengine.estimators.tables.estimator:Table",
    },
    "objectives": {
        "error": "nasengine.objectives.error:Error",
        "perplexity": "nasengine.objectives.perplexity:Perplexity",
        "params": "nasengine.objectives.params:Params",
        "macs": "nasengine.objectives.macs:Macs",
        "latency": "nasengine.objectives.latency.objective:Latency",
    },
    "datasets": {
        "digits": "nasengine.data.digits:Digits",
        "fashion-mnist": "nasengine.data.fashion_mnist.dataset:FashionMnist",
        "cifar10": "nasengine.data.cifar.dataset:Cifar10",
        "cifar100": "nasengine.data.cifar.dataset:Cifar100",
        "images": "nasengine.data.images.dataset:Images",
        "pydoc-text": "nasengine.data.pydoc_text:PydocText",
        "ptb": "nasengine.data.prepared_text:PennTreebank",
        "wikitext2": "nasengine.data.prepared_text:Wikitext2",
        "text": "nasengine.data.text:Text",
    },
    "networks": {
        "DARTS_V1": "nasengine.spaces.published.darts:DARTS_V1",
        "DARTS_V2": "nasengine.spaces.published.darts:DARTS_V2",
        "NASNet-A": "nasengine.spaces.published.nasnet:NASNET_A",
        "AmoebaNet-A": "nasengine.spaces.published.amoebanet:AMOEBANET_A",
        "ENAS": "nasengine.spaces.published.enas:ENAS_MICRO",
        "RENASNet": "nasengine.spaces.published.renas:RENASNET",
        "DARTS_V1_RNN": "nasengine.spaces.published.darts_recurrent:DARTS_V1_RNN",
        "DARTS_V2_RNN": "nasengine.spaces.published.darts_recurrent:DARTS_V2_RNN",
        "ENAS_RNN": "nasengine.spaces.published.enas_recurrent:ENAS_RNN",
    },
}


def names(kind: str) -> list[str]:
    """The names of one kind, in catalogue order."""
    return list(KINDS[kind])


def load(kind: str, name: str) -> Any:
    """The class (or published network) behind a name.

    Raises:
        UnknownName: lists the names there are.
    """
    try:
        target = KINDS[kind][name]
    except (KeyError, TypeError):  # a JSON list is no name either
        known = ", ".join(KINDS[kind])
        raise UnknownName(f"{shorten(name)} is not among the {kind}; known: {known}") from None
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
