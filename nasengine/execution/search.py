"""`search`: the public entry point; every part by name or as an object."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..catalog import has
from ..core.dataset import Dataset
from ..core.errors import EngineError
from ..core.estimator import Estimator
from ..core.events import Emit, EngineEvent, silent
from ..core.objective import Goal, Objective
from ..core.search_spec import SearchSpec
from ..core.space import Space
from ..core.strategy import Strategy
from ..core.text import shorten
from ..core.weight_store import MemoryWeightStore, WeightStore
from ..estimators.tables.packaged import packaged_space_config, packaged_table
from . import assembly
from .budget import count_evaluated, smallest_budget
from .goals import usual_objectives
from .loop import Evaluator, History, InProcess, Search
from .parts import Settings, resolve, resolve_estimator, resolve_objectives
from .pool import WorkerPool
from .progress import ProgressBar
from .result import Result
from .unfinished_folder import UnfinishedFolder
from .weight_store import FolderWeightStore

PROPOSALS_PER_CANDIDATE = SearchSpec.proposals_per_candidate
TABLE_DATASET = "cifar10"
MAX_WORKERS = 64


def search(
    *,
    space: str | type[Space] | Space | None = None,
    strategy: str | type[Strategy] | Strategy = "dpp-net",
    objectives: Sequence[str | type[Objective] | Objective | Goal] | None = None,
    dataset: str | type[Dataset] | Dataset | None = None,
    table: str | Path | None = None,
    estimator: str | type[Estimator] | Estimator | Callable[..., Any] | None = None,
    constraints: Sequence[str] = (),
    candidates: int = 100,
    seed: int = 0,
    workers: int = 1,
    in_flight: int | None = None,
    proposals_per_candidate: int = PROPOSALS_PER_CANDIDATE,
    progress: bool = True,
    fewer_epochs: str = "off",
    first_epochs: int = 1,
    reduction: int = 4,
    min_chance: float = 0.05,
    min_curves: int = 20,
    curve_model: str = "gaussian-process",
    proxy: str = "off",
    proxy_keep: float = 0.5,
    proxy_correlation: float = 0.3,
    proxy_first: int = 10,
    proxy_checks: int = 5,
    space_config: Settings = None,
    strategy_config: Settings = None,
    estimator_config: Settings = None,
    dataset_config: Settings = None,
    on_event: Emit = silent,
) -> Result:
    """Search a space for architectures and return what was found.

    Each part is a catalogue name (`python -m nasengine list`), a class, or an object of a class.

    Args:
        space: Set of architectures to search, default `cell`, or that of a named table.
        strategy: Method that proposes architectures.
        objectives: Objectives to optimise, for example `["error", "params", "latency@cpu"]`.
            A `Goal` gives an objective of a Python function a direction and a unit. Default:
            error and params (perplexity and params for text).
        dataset: Data set to train on, default `digits`. With `table`: which of the table's data
            sets, default `cifar10`, or the first of a named table.
        table: Benchmark table to look results up in instead of training: a file, or the name of
            a table that comes with the engine, `digits-nb201`.
        estimator: How candidates are scored, default `train`. A plain function takes an
            `Architecture` (and, if it has such a parameter, a `seed`) and returns a number or a
            mapping of objective names to numbers.
        constraints: Bounds on objectives, for example `["params<2e6"]`.
        candidates: Number of candidates to evaluate. Those that violate a constraint on a cost
            are not trained and do not count.
        seed: Seed of every random choice. The same seed gives the same result.
        workers: Worker processes that evaluate side by side; 1: this process.
        in_flight: Candidates proposed before the oldest one's outcome is known, default: as many
            as `workers`. The result depends on it, but not on `workers`.
        progress: Show a progress bar in terminals and notebooks.
        fewer_epochs: How trainings are shortened: `off`, `halving`, `asha`, `median` or `curves`.
        first_epochs: Epochs before the first decision over a training.
        reduction: Halving and asha: one in so many goes on; ratio of the epochs of two decisions.
        min_chance: Curves: smallest chance to matter with which a training goes on.
        min_curves: Curves: complete trainings before the first is stopped.
        curve_model: Curves: `gaussian-process` or `nu-svr`.
        proxy: Estimate before training by which candidates are left out, such as `synflow`.
        proxy_keep: Share of the candidates that it lets be trained.
        proxy_correlation: Smallest rank correlation with the result at which it decides.
        proxy_first: Candidates that are trained before it decides.
        proxy_checks: One in so many candidates is trained whatever its score.
        space_config: Settings of the space, as a mapping or its Config; likewise
            `strategy_config`, `estimator_config` and `dataset_config`.
        on_event: Called with each `EngineEvent` as it happens.

    Returns:
        The result. After Ctrl-C it holds the candidates evaluated until then, and
        `Result.extend` continues from there.

    Raises:
        InvalidSettings: lists every wrong setting by name.
        EngineError: the parts do not fit together.
    """
    names, goals = resolve_objectives(objectives) if objectives is not None else (None, {})
    if table is not None:
        if estimator not in (None, "table"):
            raise EngineError("table looks results up: leave estimator out")
        estimator, estimator_config = "table", _with_table(table, estimator_config)
        packaged = packaged_table(str(table))
        dataset = dataset or (packaged.datasets[0] if packaged else TABLE_DATASET)
        space = space or (packaged.space if packaged else None)
        if isinstance(space, str):
            measured = packaged_space_config(str(table), space)
            space_config = {**measured, **resolve("space", space, space_config)[1]}
    chosen = {
        "space": resolve("space", space or "cell", space_config),
        "strategy": resolve("strategy", strategy, strategy_config),
        "estimator": resolve_estimator(estimator or "train", estimator_config, goals),
        "dataset": resolve("dataset", dataset or "digits", dataset_config),
    }
    values: dict[str, Any] = {part: name for part, (name, _) in chosen.items()}
    values |= {f"{part}_config": settings for part, (_, settings) in chosen.items()}
    spec = SearchSpec(
        **values,
        objectives=names if names is not None else usual_objectives(values["dataset"]),
        constraints=tuple(constraints),
        candidates=candidates,
        proposals_per_candidate=proposals_per_candidate,
        seed=seed,
        in_flight=workers if in_flight is None else in_flight,
        fewer_epochs=fewer_epochs,
        first_epochs=first_epochs,
        reduction=reduction,
        min_chance=min_chance,
        min_curves=min_curves,
        curve_model=curve_model,
        proxy=proxy,
        proxy_keep=proxy_keep,
        proxy_correlation=proxy_correlation,
        proxy_first=proxy_first,
        proxy_checks=proxy_checks,
    )
    return run_search(spec, workers=workers, progress=progress, on_event=on_event)


def extend(
    result: Result,
    candidates: int,
    *,
    workers: int = 1,
    progress: bool = True,
    estimator: Callable[..., Any] | None = None,
) -> Result:
    """Continue the search of a result; see `Result.extend`."""
    if estimator is not None:
        own = {goal.name: goal for goal in result.goals if not has("objectives", goal.kind)}
        resolve_estimator(estimator, None, own)
    smallest = smallest_budget(result.spec, len(result.candidates), result.pruned)
    if candidates < smallest:
        raise EngineError(
            f"candidates must be at least {smallest}, the number that the result "
            f"has already (got {candidates})"
        )
    spec = dataclasses.replace(result.spec, candidates=candidates)
    history = [(candidate.proposal, candidate.outcome) for candidate in result.candidates]
    history += result.parts
    return run_search(
        spec, history=history, weights=result.weights, workers=workers, progress=progress
    )


def run_search(
    spec: SearchSpec,
    *,
    history: History = (),
    weights: WeightStore | None = None,
    workers: int = 1,
    progress: bool = True,
    on_event: Emit = silent,
    keep_partial: bool = True,
    unfinished: UnfinishedFolder | None = None,
) -> Result:
    """Run a search with worker processes and a progress bar.

    Args:
        spec: The settings; checked here.
        history: Earlier evaluations to continue from.
        weights: Store of the candidates' weights; a folder if several workers share it.
        workers: Worker processes; 1: this process.
        progress: Show a progress bar in terminals and notebooks.
        on_event: Called with each event.
        unfinished: Where trainings in parts keep their checkpoints; default: a temporary folder.
        keep_partial: On Ctrl-C, return what has been evaluated instead of raising.

    Raises:
        InvalidSettings, EngineError: see `nasengine.execution.loop.run`.
        KeyboardInterrupt: Ctrl-C while `keep_partial` is off.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= MAX_WORKERS:
        raise EngineError(
            f"workers must be a whole number from 1 to {MAX_WORKERS} (got {shorten(workers)})"
        )
    spec = assembly.check(spec)
    past = list(history)
    store = weights or MemoryWeightStore() if workers == 1 else _shared_store(weights, past)
    with ExitStack() as stack:
        emit = on_event
        if progress:
            first = assembly.goals_of(spec)[0]
            done = count_evaluated(past)
            bar = ProgressBar(spec.candidates, done, first.name, first.better)
            stack.callback(bar.close)
            emit = _both(bar.take, on_event)
        evaluator: Evaluator = InProcess(spec, emit, lambda: False, store, unfinished)
        if isinstance(store, FolderWeightStore) and workers > 1:
            pool = WorkerPool(spec, workers, emit, store.path, unfinished=unfinished)
            evaluator = stack.enter_context(pool)
        running = Search(spec, evaluator, emit, past, store)
        try:
            return running.run()
        except KeyboardInterrupt:
            if not keep_partial:
                raise
            return running.result()


class TemporaryWeights(FolderWeightStore):
    """Weights in a temporary folder, removed with the last result that refers to it."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="nasengine-weights-")
        super().__init__(Path(self._temporary.name))


def _shared_store(store: WeightStore | None, history: History) -> FolderWeightStore:
    """Return a folder that several workers can share, with the weights of an earlier run."""
    if isinstance(store, FolderWeightStore):
        return store
    folder = TemporaryWeights()
    for proposal, _ in history:
        checkpoint = store.get(proposal.number) if store is not None else None
        if checkpoint is not None:
            folder.put(proposal.number, checkpoint)
    return folder


def _with_table(table: str | Path, settings: Settings) -> dict[str, Any]:
    _, values = resolve("estimator", "table", settings)
    return {**values, "path": str(table)}


def _both(first: Emit, second: Emit) -> Emit:
    def emit(event: EngineEvent) -> None:
        first(event)
        second(event)

    return emit
