"""`evaluate`: final trainings of one architecture with several seeds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..catalog import has
from ..core.architecture import Architecture
from ..core.dataset import DataKind
from ..core.errors import EngineError
from ..core.protocol import Protocol
from ..core.storage import storage_at
from ..core.text import shorten
from ..data.common.named import named_dataset
from .building import check_builds, space_of
from .evaluation_result import FILE, EvaluationResult
from .final import FinalJob, FinalOutcome, train_once
from .network_folder import load_stored
from .protocols import changed, find_protocol
from .ranks import is_first, is_shared
from .result import Candidate
from .subjects import architecture_of

SEEDS = 3
PROGRESS = "unfinished"  # folder of checkpoints
EARLIER_PROGRESS = "unfinished.safetensors"  # the file of earlier releases
DEFAULT_DATASET: dict[DataKind, str] = {"images": "digits", "text": "pydoc-text"}
MAX_SEEDS = 1000
Reported = Callable[[int, dict[str, Any]], None]


def evaluate(
    architecture: Architecture | Candidate | Mapping[str, Any] | str,
    *,
    protocol: str | Protocol | Mapping[str, Any] | Path = "quick",
    dataset: str | None = None,
    dataset_config: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = SEEDS,
    cells: int | None = None,
    channels: int | None = None,
    epochs: int | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str = "auto",
    threads: int = 0,
    folder: str | Path | None = None,
    name: str | None = None,
    report: Reported | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> EvaluationResult:
    """Train an architecture fully by a protocol, once for each seed, and test each network once.

    Args:
        architecture: An architecture, a candidate of a search, the name of a published network
            such as "DARTS_V2", or an architecture as JSON.
        protocol: Name of a protocol, one of your own as a `Protocol` or mapping, or the path of
            a JSON file.
        dataset: Name of the data set; default: that of the candidate's search, else that of the
            protocol.
        dataset_config: Settings of the data set; default: those of the candidate's search.
        seeds: Number of seeds (1, 2, ...), or the seeds themselves.
        cells: Cells of the network; default: those of the protocol, else its own.
        channels: Channels of the network; likewise.
        epochs: Another number of epochs. The protocol is then another one and is called so.
        settings: Other settings of the protocol; likewise.
        device: auto, cpu, cuda, cuda:N or mps.
        threads: CPU threads; 0: the setting of the process.
        folder: Where networks and result are stored. Trainings that are done there already are
            not repeated. Default: a new temporary folder.
        name: Name of the architecture for people; default: that of the published network.
        report: Called with the seed and a JSON object after every epoch.
        cancelled: Polled between batches; true ends the evaluation.

    Returns:
        Mean, spread, outcomes and networks. After Ctrl-C or a cancellation it has what is done;
        calling again with the same folder continues with the other seeds.

    Raises:
        EngineError: a wrong name or setting, or a folder with another evaluation.
    """
    job, shown = prepare(
        architecture,
        protocol=protocol,
        dataset=dataset,
        dataset_config=dataset_config,
        cells=cells,
        channels=channels,
        changes={**(settings or {}), **({} if epochs is None else {"epochs": epochs})},
        device=device,
        threads=threads,
    )
    wanted = seeds_of(seeds)
    _check_machine(job)
    place = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="evaluation-"))
    result = EvaluationResult(name or shown, job, _earlier(place, job), place)
    for seed in wanted:
        if seed in result.seeds:
            continue
        outcome = _trained(job.with_seed(seed), place / f"seed-{seed}", report, cancelled)
        result = replace(result, outcomes=_merged(result.outcomes, outcome))
        if is_first():
            result.save()
        if outcome.state == "cancelled":
            break
        if is_first():
            _remove_progress(place / f"seed-{seed}")
        if outcome.state == "failed" and is_shared():
            raise EngineError(outcome.reason)  # the other processes would wait for this one
    return result


def prepare(
    architecture: Architecture | Candidate | Mapping[str, Any] | str,
    *,
    protocol: str | Protocol | Mapping[str, Any] | Path,
    dataset: str | None = None,
    dataset_config: Mapping[str, Any] | None = None,
    cells: int | None = None,
    channels: int | None = None,
    changes: Mapping[str, Any] | None = None,
    device: str = "auto",
    threads: int = 0,
) -> tuple[FinalJob, str]:
    """Return the checked job of a final evaluation, for seed 0, and a name of its network.

    Args: as for `evaluate`; `changes` are other settings of the protocol.

    Raises:
        EngineError: a wrong name or setting, or parts that do not fit together.
    """
    actual = architecture_of(architecture)
    space = space_of(actual)
    check_builds(space)
    kind = space.data_kind
    found = find_protocol(protocol)
    if changes:
        found = changed(found, kind, changes)
    if isinstance(architecture, Candidate):
        if dataset is None:
            dataset = architecture.spec.dataset
            dataset_config = dataset_config or architecture.spec.dataset_config
        shown = f"candidate {architecture.number}"
    else:
        published = isinstance(architecture, str) and has("networks", architecture)
        shown = str(architecture) if published else ""
    job = FinalJob(
        actual,
        found,
        dataset or found.dataset or DEFAULT_DATASET[kind],
        dict(dataset_config or {}),
        cells=cells,
        channels=channels,
        device=device,
        threads=threads,
    )
    job.plan()
    return job, shown or actual.id[:12]


def seeds_of(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Return the seeds that a number or a list means.

    Raises:
        EngineError: none, too many, one twice, or a seed that is no whole number.
    """
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        if not 1 <= seeds <= MAX_SEEDS:
            raise EngineError(f"seeds must be from 1 to {MAX_SEEDS} trainings (got {seeds})")
        return tuple(range(1, seeds + 1))
    listed = tuple(seeds) if isinstance(seeds, Sequence) and not isinstance(seeds, str) else ()
    valid = [seed for seed in listed if isinstance(seed, int) and not isinstance(seed, bool)]
    if not listed or len(set(valid)) != len(listed) or len(listed) > MAX_SEEDS or min(valid) < 0:
        raise EngineError(
            "seeds must be a number of trainings or a list of different whole numbers "
            f"(got {shorten(seeds, 40)})"
        )
    return listed


def _check_machine(job: FinalJob) -> None:
    """Check that this machine has the data set and the device, before anything is written.

    Raises:
        EngineError: one of them is missing.
    """
    from ..estimators.training.device_context import find_device_context

    find_device_context(job.plan().config)
    named_dataset(job.dataset, job.dataset_config).facts()


def _trained(
    job: FinalJob, folder: Path, report: Reported | None, cancelled: Callable[[], bool] | None
) -> FinalOutcome:
    """Train once; Ctrl-C makes the outcome cancelled."""

    curve: list[dict[str, Any]] = []

    def epoch(point: dict[str, Any]) -> None:
        curve.append(point)
        if report is not None:
            report(job.seed, point)

    try:
        return train_once(job, folder, epoch, cancelled, progress=folder / PROGRESS)
    except KeyboardInterrupt:
        return FinalOutcome(
            job.seed, "cancelled", "interrupted", epochs=len(curve), curve=tuple(curve)
        )


def _remove_progress(folder: Path) -> None:
    """Remove the checkpoints of a training that has ended."""
    with suppress(OSError):
        storage_at(folder / PROGRESS).clear()
        (folder / EARLIER_PROGRESS).unlink(missing_ok=True)


def _merged(outcomes: tuple[FinalOutcome, ...], outcome: FinalOutcome) -> tuple[FinalOutcome, ...]:
    """Return the outcomes with a new one in place of an earlier one of its seed."""
    others = [other for other in outcomes if other.seed != outcome.seed]
    return tuple(sorted([*others, outcome], key=lambda result: result.seed))


def _earlier(folder: Path, job: FinalJob) -> tuple[FinalOutcome, ...]:
    """Return the trainings of this job that are done in a folder.

    Raises:
        EngineError: the folder has another evaluation.
    """
    if not (folder / FILE).exists():
        return ()
    earlier = EvaluationResult.load(folder)
    if _compared(earlier.job) != _compared(job):
        raise EngineError(
            f"{folder} has the evaluation of another network, protocol or data set "
            f"({earlier.name} by {earlier.protocol}): name another folder"
        )
    return tuple(outcome for outcome in earlier.done if _is_intact(earlier, outcome))


def _is_intact(earlier: EvaluationResult, outcome: FinalOutcome) -> bool:
    """Return whether the network of a training is still there as it was stored."""
    try:
        stored = load_stored(earlier.networks[outcome.seed])
        stored.network()
    except EngineError:
        return False
    return stored.facts() == outcome.network


def _compared(job: FinalJob) -> dict[str, Any]:
    """Return what must be equal so that trainings belong to the same evaluation."""
    plan = job.plan()
    return {
        "architecture": plan.architecture.to_json(),
        "protocol": plan.protocol_json,
        "dataset": [job.dataset, plan.dataset_config],
    }
