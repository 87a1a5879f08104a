"""From command-line options to a SearchSpec."""

from __future__ import annotations

import argparse
from typing import Any

from ..catalog import load
from ..core.errors import EngineError, UnknownName
from ..core.search_spec import SearchSpec
from ..core.settings import describe
from ..core.text import shorten
from ..estimators.tables.derived_space import derived_from_file
from ..estimators.tables.keys import key_columns
from ..estimators.tables.packaged import packaged_space_config, packaged_table, packaged_tables
from ..execution.assembly import PARTS
from ..execution.goals import USUAL, usual_objectives
from ..execution.search import TABLE_DATASET

PLAIN = SearchSpec()
# Settings of --fewer-epochs: placeholder and help.
EPOCH_OPTIONS = {
    "first_epochs": ("N", "epochs before the first decision over a training"),
    "reduction": ("N", "one in N goes on (halving, asha); ratio of the epochs of two decisions"),
    "min_chance": ("P", "least chance to be the best or on the front (curves)"),
    "min_curves": ("N", "complete trainings before the first is stopped (curves, median)"),
    "curve_model": ("NAME", "gaussian-process or nu-svr (curves)"),
}
# Settings of --proxy: placeholder and help.
PROXY_OPTIONS = {
    "proxy_keep": ("SHARE", "share of the candidates that the proxy lets be trained"),
    "proxy_correlation": ("R", "least rank correlation with the result at which it decides"),
    "proxy_first": ("N", "candidates that are trained before it decides"),
    "proxy_checks": ("N", "one in N candidates is trained whatever its score"),
}
PLAIN_OPTIONS = (
    "candidates", "seed", "in_flight", "proposals_per_candidate", "fewer_epochs", *EPOCH_OPTIONS,
    "proxy", *PROXY_OPTIONS,
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that search settings are made of."""
    parser.add_argument("--space", help=f"what can be built; default {PLAIN.space}")
    parser.add_argument("--strategy", help=f"what to try next; default {PLAIN.strategy}")
    parser.add_argument(
        "--estimator",
        help=f"how candidates are scored; default {PLAIN.estimator} (table with --table)",
    )
    parser.add_argument(
        "--dataset",
        help=f"what to train on; default {PLAIN.dataset}. With --table: which data set of the "
        f"table; default {TABLE_DATASET}, or the first of a named table",
    )
    images, text = (",".join(USUAL[kind]) for kind in ("images", "text"))
    parser.add_argument(
        "--objectives",
        metavar="LIST",
        help="what to optimise, for example error,params,latency@cpu; "
        f"default {images} (for text {text})",
    )
    parser.add_argument(
        "--constraint",
        action="append",
        default=[],
        metavar="BOUND",
        help="bound on an objective, for example 'params<2e6'; may be repeated",
    )
    parser.add_argument(
        "--candidates",
        metavar="N",
        help=f"number of candidates to evaluate; default {PLAIN.candidates}",
    )
    parser.add_argument(
        "--proposals-per-candidate",
        metavar="N",
        help="most proposals per candidate of the budget, if a constraint excludes most "
        f"architectures; default {PLAIN.proposals_per_candidate}",
    )
    parser.add_argument(
        "--seed", metavar="K", help=f"seed of every random choice; default {PLAIN.seed}"
    )
    parser.add_argument(
        "--in-flight",
        metavar="W",
        help="candidates proposed before the oldest one's outcome is known; "
        f"default {PLAIN.in_flight}",
    )
    parser.add_argument(
        "--fewer-epochs",
        metavar="HOW",
        help="shorten trainings: halving, asha, median or curves; default off",
    )
    parser.add_argument(
        "--proxy",
        metavar="NAME",
        help="estimate before training by which candidates are left out, such as synflow or "
        "az_nas; default off",
    )
    for name, (metavar, text) in (EPOCH_OPTIONS | PROXY_OPTIONS).items():
        default = getattr(PLAIN, name)
        parser.add_argument(
            f"--{name.replace('_', '-')}", metavar=metavar, help=f"{text}; default {default}"
        )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="setting of space, strategy, estimator or dataset, for example population=10 or "
        "strategy.population=10; may be repeated (see: list)",
    )
    parser.add_argument(
        "--table",
        metavar="TABLE",
        help="benchmark table (CSV or JSON file, or name) to look results up in. The engine comes "
        f"with {', '.join(packaged_tables())}",
    )


def spec_of(args: argparse.Namespace, stored: SearchSpec | None = None) -> SearchSpec:
    """Return the settings of parsed options, not checked yet.

    Args:
        args: Options of `add_arguments`.
        stored: Settings of the run to continue: options that are not given keep its values.

    Raises:
        EngineError: a --set has another form, or belongs to no part or to several.
    """
    base = stored or PLAIN
    chosen = _parts(args, base, stored is not None)
    configs: dict[str, dict[str, Any]] = {
        part: dict(getattr(base, f"{part}_config")) if getattr(base, part) == name else {}
        for part, name in chosen.items()
    }
    if args.table is not None:
        configs["estimator"]["path"] = args.table
        configs["space"] |= packaged_space_config(args.table, chosen["space"])
    owners = _owners(chosen)
    if owners is not None:  # otherwise `check` refuses an unknown name, and names its remedy
        for text in args.set:
            part, name, value = _routed(text, owners)
            configs[part][name] = value
        _derive_space(chosen, configs)
    values: dict[str, Any] = {
        **chosen,
        **{f"{part}_config": config for part, config in configs.items()},
        "objectives": _objectives(args.objectives, chosen["dataset"], stored),
        "constraints": tuple(args.constraint) or base.constraints,
        "deterministic": base.deterministic,
    }
    for name in PLAIN_OPTIONS:
        given = getattr(args, name)
        values[name] = getattr(base, name) if given is None else given
    return SearchSpec(**values)


def _derive_space(chosen: dict[str, str], configs: dict[str, dict[str, Any]]) -> None:
    """Fill in the decisions of a space without networks from the columns of its table.

    Raises:
        EngineError: the table cannot be read, or its columns define no space.
    """
    config, path = configs["space"], configs["estimator"].get("path", "")
    if load("spaces", chosen["space"]).builds_networks or config or not path:
        return
    columns = configs["estimator"].get("architecture", "")
    if not columns:
        raise EngineError(
            f"--space {chosen['space']} takes its decisions from the columns of the table: name "
            "them, as in --set architecture=depth,width"
        )
    try:
        found = derived_from_file(path, key_columns(columns))
    except ValueError as error:
        raise EngineError(f"--set architecture: {error}") from None
    config |= found.config
    configs["estimator"]["architecture"] = ",".join(found.columns)


def _parts(args: argparse.Namespace, base: SearchSpec, resumed: bool) -> dict[str, str]:
    """Return part -> catalogue name."""
    estimator = _estimator(args, base)
    packaged = packaged_table(args.table or "")
    space, dataset = args.space, args.dataset
    if packaged is not None:
        space, dataset = space or packaged.space, dataset or packaged.datasets[0]
    if dataset is None:
        dataset = TABLE_DATASET if estimator == "table" and not resumed else base.dataset
    return {
        "space": space or base.space,
        "strategy": args.strategy or base.strategy,
        "estimator": estimator,
        "dataset": dataset,
    }


def _objectives(text: str | None, dataset: str, stored: SearchSpec | None) -> tuple[str, ...]:
    if text is not None:
        return tuple(name.strip() for name in text.split(",") if name.strip())
    return usual_objectives(dataset) if stored is None else stored.objectives


def _estimator(args: argparse.Namespace, base: SearchSpec) -> str:
    if args.table is None:
        return args.estimator or base.estimator
    if args.estimator not in (None, "table"):
        raise EngineError(
            f"--table is for the estimator table, not for {shorten(args.estimator)}: "
            "leave one of the two options out"
        )
    return "table"


def _owners(chosen: dict[str, str]) -> dict[str, list[str]] | None:
    """Return setting -> the chosen parts that have it; None if a part is unknown."""
    owners: dict[str, list[str]] = {}
    try:
        builds = load("estimators", chosen["estimator"]).builds_network
        parts = {part: chosen[part] for part in PARTS if builds or part != "dataset"}
        for part, name in parts.items():
            for description in describe(load(PARTS[part], name).Config):
                owners.setdefault(description.name, []).append(part)
    except UnknownName:
        return None
    return owners


def _routed(text: str, owners: dict[str, list[str]]) -> tuple[str, str, str]:
    """Return part, name and value of NAME=VALUE or PART.NAME=VALUE."""
    path, equals, value = text.partition("=")
    part, dot, name = path.strip().rpartition(".")
    if not equals or not name or (dot and part not in PARTS):
        parts = ", ".join(PARTS)
        raise EngineError(
            f"--set {shorten(text, 80)}: write NAME=VALUE, or PART.NAME=VALUE with PART one of "
            f"{parts}"
        )
    if dot:
        return part, name, value
    matching = owners.get(name, [])
    if len(matching) == 1:
        return matching[0], name, value
    if matching:
        choices = " or ".join(f"{owner}.{name}" for owner in matching)
        raise EngineError(f"--set {shorten(name)} is a setting of several parts: write {choices}")
    known = ", ".join(sorted(owners))
    raise EngineError(
        f"--set {shorten(name)} is not a setting of the chosen parts; they have {known}"
    )
