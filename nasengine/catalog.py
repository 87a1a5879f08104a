"""Catalogue: name -> plugin, imported on first use.

Three sources, in this order: the table below, what `register` added in this process, and the
entry points of installed packages (groups `nasengine.spaces`, `nasengine.strategies`, ...).

Adding a built-in plugin is one file (or package) and one line here. No module that is named here
may import torch at its top: the web process reads the catalogue and must not load torch.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .core.architecture import Architecture
from .core.dataset import Dataset
from .core.errors import EngineError, UnknownName
from .core.estimator import Estimator
from .core.objective import Objective
from .core.protocol import Protocol
from .core.proxy import Proxy, as_objective
from .core.space import Space
from .core.strategy import Strategy
from .core.target import Target
from .core.text import one_line, shorten
from .core.trainer import Trainer

KINDS: dict[str, dict[str, str]] = {
    "spaces": {
        "cell": "nasengine.spaces.cell.space:CellSpace",
        "nb201": "nasengine.spaces.nb201.space:NB201Space",
        "enas-micro": "nasengine.spaces.enas_micro.space:EnasMicroSpace",
        "enas-macro": "nasengine.spaces.enas_macro.space:EnasMacroSpace",
        "block-cell": "nasengine.spaces.block_cell.space:BlockCellSpace",
        "dense-cell": "nasengine.spaces.dense_cell.space:DenseCellSpace",
        "topology": "nasengine.spaces.topology.space:TopologySpace",
        "mobile-chain": "nasengine.spaces.mobile_chain.space:MobileChainSpace",
        "chain-alexnet": "nasengine.spaces.chain_alexnet.space:ChainAlexNetSpace",
        "chain-condensenet": "nasengine.spaces.chain_condensenet.space:ChainCondenseNetSpace",
        "recurrent-cell": "nasengine.spaces.recurrent_cell.space:RecurrentCellSpace",
        "decision-list": "nasengine.spaces.decision_list.space:DecisionListSpace",
    },
    "strategies": {
        "random": "nasengine.strategies.random:RandomSearch",
        "regularised-evolution": "nasengine.strategies.regularised_evolution:RegularisedEvolution",
        "nsga2": "nasengine.strategies.nsga2:NSGA2",
        "local-search": "nasengine.strategies.local_search:LocalSearch",
        "bayesian": "nasengine.strategies.bayesian.strategy:Bayesian",
        "tpe": "nasengine.strategies.tpe:Tpe",
        "qlognehvi": "nasengine.strategies.qlognehvi.strategy:QLogNehvi",
        "monas": "nasengine.strategies.monas.strategy:Monas",
        "topology-evolution": "nasengine.strategies.topology_evolution.strategy:TopologyEvolution",
        "renas": "nasengine.strategies.renas.strategy:Renas",
        "dpp-net": "nasengine.strategies.dpp_net.strategy:DPPNet",
        "darts": "nasengine.strategies.one_shot.darts.strategy:Darts",
        "enas": "nasengine.strategies.one_shot.enas.strategy:Enas",
        "random-sharing": "nasengine.strategies.one_shot.random_sharing:RandomSharing",
    },
    # A trainer has the name of the strategy whose supernets it trains.
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
        "throughput": "nasengine.objectives.throughput:Throughput",
        "energy": "nasengine.objectives.energy:Energy",
        "power": "nasengine.objectives.power:Power",
        "memory": "nasengine.objectives.memory:Memory",
    },
    # Estimates before training; each but an ensemble is an objective too.
    "proxies": {
        "params": "nasengine.proxies.params:ParamsProxy",
        "macs": "nasengine.proxies.macs:MacsProxy",
        "grad_norm": "nasengine.proxies.grad_norm:GradNorm",
        "snip": "nasengine.proxies.snip:Snip",
        "grasp": "nasengine.proxies.grasp:Grasp",
        "fisher": "nasengine.proxies.fisher:Fisher",
        "synflow": "nasengine.proxies.synflow:Synflow",
        "jacob_cov": "nasengine.proxies.jacob_cov:JacobCov",
        "naswot": "nasengine.proxies.naswot:Naswot",
        "zico": "nasengine.proxies.zico:Zico",
        "az_expressivity": "nasengine.proxies.az_expressivity:Expressivity",
        "az_progressivity": "nasengine.proxies.az_progressivity:Progressivity",
        "az_trainability": "nasengine.proxies.az_trainability:Trainability",
        "az_nas": "nasengine.proxies.az_nas:AZNas",
    },
    "datasets": {
        "digits": "nasengine.data.digits:Digits",
        "fashion-mnist": "nasengine.data.fashion_mnist.dataset:FashionMnist",
        "cifar10": "nasengine.data.cifar.dataset:Cifar10",
        "cifar100": "nasengine.data.cifar.dataset:Cifar100",
        "images": "nasengine.data.images.dataset:Images",
        "image-folder": "nasengine.data.image_folder.dataset:ImageFolder",
        "pydoc-text": "nasengine.data.pydoc_text:PydocText",
        "ptb": "nasengine.data.prepared_text:PennTreebank",
        "wikitext2": "nasengine.data.prepared_text:Wikitext2",
        "text": "nasengine.data.text:Text",
    },
    "targets": {
        "onnx": "nasengine.exports.targets.onnx:Onnx",
        "openvino": "nasengine.exports.targets.openvino:Openvino",
        "tensorrt": "nasengine.exports.targets.tensorrt.target:TensorRt",
        "deepstream": "nasengine.exports.targets.deepstream.target:DeepStream",
        "movidius": "nasengine.exports.targets.movidius.target:Movidius",
        "onnx-int8": "nasengine.exports.targets.onnx_int8:OnnxInt8",
        "openvino-int8": "nasengine.exports.targets.openvino_int8:OpenvinoInt8",
        "litert": "nasengine.exports.targets.litert:LiteRt",
        "executorch": "nasengine.exports.targets.executorch:ExecuTorch",
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
    "protocols": {
        "darts-cifar10": "nasengine.protocols.darts_cifar10:DARTS_CIFAR10",
        "enas-cifar10": "nasengine.protocols.enas_cifar10:ENAS_CIFAR10",
        "nasnet-a-mobile": "nasengine.protocols.nasnet_a_mobile:NASNET_A_MOBILE",
        "darts-ptb": "nasengine.protocols.darts_text:DARTS_PTB",
        "darts-wikitext2": "nasengine.protocols.darts_text:DARTS_WIKITEXT2",
        "quick": "nasengine.protocols.quick:QUICK",
    },
}

BASES: dict[str, type] = {
    "spaces": Space,
    "strategies": Strategy,
    "trainers": Trainer,
    "estimators": Estimator,
    "objectives": Objective,
    "proxies": Proxy,
    "datasets": Dataset,
    "targets": Target,
    "networks": Architecture,
    "protocols": Protocol,
}
# Kinds whose entries are values; those of the other kinds are classes.
VALUES = ("networks", "protocols")
# The same kinds as people write them in the singular.
SINGULAR = {
    "space": "spaces",
    "strategy": "strategies",
    "trainer": "trainers",
    "estimator": "estimators",
    "objective": "objectives",
    "proxy": "proxies",
    "dataset": "datasets",
    "target": "targets",
    "network": "networks",
    "protocol": "protocols",
}
_registered: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}


def names(kind: str) -> list[str]:
    """Return the names of one kind: built-in, registered, then those of installed packages.

    Entry points that cannot be loaded are left out; `load` says why when one is named. So are
    Python functions, which belong to one search ("function:NAME").
    """
    inside = [name for name in _registered[kind] if ":" not in name]
    outside = [name for name in _entry_points(kind) if not isinstance(_loaded(kind, name), str)]
    return list(dict.fromkeys([*KINDS[kind], *inside, *outside]))


def has(kind: str, name: object) -> bool:
    """Return whether the catalogue has this name, without importing anything."""
    if not isinstance(name, str):
        return False
    known = name in KINDS[kind] or name in _registered[kind] or name in _entry_points(kind)
    return known or (kind == "objectives" and has("proxies", name))


def load(kind: str, name: str) -> Any:
    """Return the class (or published network, or protocol) of a name.

    Raises:
        UnknownName: no such name; the message lists the names that exist.
        EngineError: the name is an entry point of an installed package that cannot be loaded.
    """
    if isinstance(name, str):  # a JSON list is not a name either
        if name in KINDS[kind]:
            module, _, attribute = KINDS[kind][name].partition(":")
            return getattr(importlib.import_module(module), attribute)
        if name in _registered[kind]:
            return _registered[kind][name]
        if name in _entry_points(kind):
            loaded = _loaded(kind, name)
            if isinstance(loaded, str):
                raise EngineError(loaded)
            return loaded
        if kind == "objectives" and has("proxies", name):
            return as_objective(load("proxies", name))
    raise UnknownName(f"{shorten(name)} is not among the {kind}; known: {', '.join(names(kind))}")


def register(kind: str, entry: Any, name: str | None = None) -> None:
    """Add a class to the catalogue of this process, so that it can be used by name.

    Registering a name again replaces the earlier registration, as a notebook needs. To make a
    plugin known to every process, give its package an entry point instead, for example
    `[project.entry-points."nasengine.strategies"]` with `first-come = "my_package:FirstCome"`.

    Args:
        kind: `space`, `strategy`, `estimator`, `objective`, `dataset`, `trainer`, `target`,
            `network` or `protocol`.
        entry: A subclass of the base class of that kind; an `Architecture` if `kind` is network,
            a `Protocol` if it is protocol.
        name: Its name; default: the attribute `name` of the class (`kind` of an objective).

    Raises:
        EngineError: an unknown kind, another type, no name, or the name of a built-in plugin.
    """
    plural = plural_of(kind)
    name = name or _own_name(plural, entry)
    if problem := _problem(plural, entry, name):
        raise EngineError(problem)
    if name in KINDS[plural]:
        raise EngineError(f"{name} is a built-in name of the {plural}: choose another name")
    _registered[plural][str(name)] = entry


def registered() -> list[tuple[str, Any, str]]:
    """Return (kind, entry, name) of everything `register` added in this process."""
    return [
        (kind, entry, name)
        for kind, entries in _registered.items()
        for name, entry in entries.items()
    ]


def plural_of(kind: str) -> str:
    """Return the catalogue's name of a kind, which may be given in the singular.

    Raises:
        EngineError: no such kind.
    """
    plural = SINGULAR.get(kind, kind)
    if plural not in KINDS:
        raise EngineError(f"{shorten(kind)} is not a kind of plugin: use {', '.join(SINGULAR)}")
    return plural


def _own_name(kind: str, entry: Any) -> str | None:
    return getattr(entry, "kind" if kind == "objectives" else "name", None)


def _problem(kind: str, entry: Any, name: Any) -> str:
    """Return what prevents an entry from being used under this name, empty if nothing does."""
    base = BASES[kind]
    shown = shorten(getattr(entry, "__name__", entry))
    fits = isinstance(entry, base) if kind in VALUES else _is_subclass(entry, base)
    if not fits:
        article = "an" if base.__name__[0] in "AEIOU" else "a"
        return f"{shown} must be {article if kind in VALUES else 'a subclass of'} {base.__name__}"
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        return (
            f"{shown} needs a name: set its attribute {'kind' if kind == 'objectives' else 'name'}"
        )
    own = _own_name(kind, entry)
    if own is not None and own != name:
        return f"{shown} calls itself {shorten(own)}, not {shorten(name)}: use one name"
    return ""


def _is_subclass(entry: Any, base: type) -> bool:
    return isinstance(entry, type) and issubclass(entry, base)


@cache
def _entry_points(kind: str) -> dict[str, EntryPoint]:
    """Return the entry points of one kind by name; nothing is imported yet."""
    found = entry_points(group=f"nasengine.{kind}")
    return {point.name: point for point in found if point.name not in KINDS[kind]}


@cache
def _loaded(kind: str, name: str) -> Any:
    """Return the object of an entry point, or as a string why it cannot be used."""
    point = _entry_points(kind)[name]
    package = point.dist.name if point.dist is not None else point.module
    where = f"{kind} {shorten(name)} of the package {package}"
    try:
        entry = point.load()
    except Exception as error:  # whatever a package does at its import
        reason = one_line(f"{type(error).__name__}: {error}", 200)
        return f"{where} cannot be loaded ({reason}): repair or uninstall the package"
    problem = _problem(kind, entry, name)
    return f"{where} cannot be used: {problem}" if problem else entry
