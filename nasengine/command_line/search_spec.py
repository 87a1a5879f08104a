"""From the words of the command line to a SearchSpec."""

from __future__ import annotations

import argparse
from typing import Any

from ..catalog import load
from ..core.errors import EngineError, UnknownName
from ..core.search_spec import SearchSpec
from ..core.settings import describe
from ..core.text import shorten
from ..execution.assembly import PARTS
from ..execution.goals import USUAL, usual_objectives

TABLE_DATASET = "cifar10"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what a question is made of."""
    plain = SearchSpec()
    parser.add_argument("--space", default=plain.space, help=f"default {plain.space}")
    parser.add_argument("--strategy", default=plain.strategy, help=f"default {plain.strategy}")
    parser.add_argument("--estimator", help=f"default {plain.estimator}; table with --table")
    parser.add_argument(
        "--dataset", help=f"default {plain.dataset}; with --table {TABLE_DATASET}, or another in it"
    )
    images, text = (",".join(USUAL[kind]) for kind in ("images", "text"))
    parser.add_argument(
        "--objectives",
        help=f"separated by commas, as in error,params,latency@cpu; default {images}, "
        f"of text {text}",
    )
    parser.add_argument(
        "--constraint",
        action="append",
        default=[],
        metavar="BOUND",
        help="a bound on an objective, as in 'params<2e6'; may be repeated",
    )
    parser.add_argument(
        "--candidates", default=plain.candidates, metavar="N", help=f"default {plain.candidates}"
    )
    parser.add_argument("--seed", default=plain.seed, metavar="K", help=f"default {plain.seed}")
    parser.add_argument(
        "--in-flight",
        default=plain.in_flight,
        metavar="W",
        help="candidates that may be unfinished at once; default 1",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of space, strategy, estimator or dataset, as in population=10 or "
        "strategy.population=10; see: list",
    )
    parser.add_argument("--table", metavar="FILE", help="look candidates up in a benchmark table")


def spec_of(args: argparse.Namespace) -> SearchSpec:
    """The question of parsed arguments, not checked yet.

    Raises:
        EngineError: a --set is of another form, or nobody, or more than one part, has it.
    """
    estimator, dataset = _estimator(args), args.dataset
    if dataset is None:
        dataset = TABLE_DATASET if estimator == "table" else SearchSpec().dataset
    chosen = {
        "space": args.space,
        "strategy": args.strategy,
        "estimator": estimator,
        "dataset": dataset,
    }
    configs: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    if args.table is not None:
        configs["estimator"]["path"] = args.table
    owners = _owners(chosen)
    if owners is not None:  # else one of the names will be refused, and settings are its own
        for text in args.set:
            part, name, value = _routed(text, owners)
            configs[part][name] = value
    values: dict[str, Any] = {
        **chosen,
        **{f"{part}_config": config for part, config in configs.items()},
        "objectives": _objectives(args.objectives, dataset),
        "constraints": tuple(args.constraint),
        "candidates": args.candidates,
        "seed": args.seed,
        "in_flight": args.in_flight,
    }
    return SearchSpec(**values)


def _objectives(text: str | None, dataset: str) -> tuple[str, ...]:
    if text is None:
        return usual_objectives(dataset)
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _estimator(args: argparse.Namespace) -> str:
    if args.table is None:
        return args.estimator or SearchSpec().estimator
    if args.estimator not in (None, "table"):
        raise EngineError(
            f"--table goes with the estimator table, not with {shorten(args.estimator)}: "
            "leave one of the two out"
        )
    return "table"


def _owners(chosen: dict[str, str]) -> dict[str, list[str]] | None:
    """Setting -> the chosen parts that have one of that name; None: a part is unknown."""
    owners: dict[str, list[str]] = {}
    try:
        trains = load("estimators", chosen["estimator"]).builds_network
        parts = {part: chosen[part] for part in PARTS if trains or part != "dataset"}
        for part, name in parts.items():
            for one in describe(load(PARTS[part], name).Config):
                owners.setdefault(one.name, []).append(part)
    except UnknownName:
        return None
    return owners


def _routed(text: str, owners: dict[str, list[str]]) -> tuple[str, str, str]:
    """Part, name and value of NAME=VALUE or PART.NAME=VALUE."""
    path, equals, value = text.partition("=")
    part, dot, name = path.strip().rpartition(".")
    if not equals or not name or (dot and part not in PARTS):
        parts = ", ".join(PARTS)
        raise EngineError(
            f"--set {shorten(text, 80)}: write NAME=VALUE, or PART.NAME=VALUE "
            f"with PART one of {parts}"
        )
    if dot:
        return part, name, value
    found = owners.get(name, [])
    if len(found) == 1:
        return found[0], name, value
    if found:
        choices = " or ".join(f"{one}.{name}" for one in found)
        raise EngineError(f"--set {shorten(name)} is a setting of several parts: write {choices}")
    known = ", ".join(sorted(owners))
    raise EngineError(f"--set {shorten(name)} is no setting of the chosen parts; they have {known}")
