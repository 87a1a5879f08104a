"""One final training: train, measure on the test part once, store the network."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.dataset import Dataset, DatasetFacts
from ..core.errors import Cancelled, Diverged, EngineError, NotFinite
from ..core.estimator import Evaluation, Report
from ..core.measurement import Measurement
from ..core.meter import Meter
from ..core.progress import CHECKPOINT_SECONDS, Notify, Progress, ignore
from ..core.proposal import Proposal
from ..core.storage import Storage, storage_at
from ..core.text import one_line
from ..data.common.named import named_dataset
from .building import space_of
from .code_version import code_version
from .description import describe
from .final_job import FinalJob, FinalOutcome, FinalPlan
from .network_folder import StoredNetwork, load_stored, save_network
from .ranks import is_first
from .unfinished import unfinished

if TYPE_CHECKING:
    from ..estimators.training.trained import Trained

__all__ = ["FinalJob", "FinalOutcome", "measure_again", "train_once"]
DECIMALS = 3


def train_once(
    job: FinalJob,
    folder: Path,
    report: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    progress: Path | Storage | None = None,
    seconds: float = CHECKPOINT_SECONDS,
    notify: Notify = ignore,
) -> FinalOutcome:
    """Train one network by a protocol, measure it on the test part and store it.

    The test part is read once, after the last epoch; nothing is selected by it.

    Args:
        job: Architecture, protocol, data set and seed.
        folder: Where the network is stored, if the training is done.
        report: Called with a JSON object after every epoch.
        cancelled: Polled between batches; true ends the training.
        progress: Folder for checkpoints of this training. If it has one, the training continues
            after that epoch, exactly as if it had not been interrupted. The caller removes the
            folder once it has stored the outcome. Default: none.
        seconds: Least time between two checkpoints.
        notify: Takes notices about checkpoints, see `Progress`.

    Returns:
        The outcome. An error becomes one with a reason; nothing is raised but KeyboardInterrupt.
    """
    storage = storage_at(progress) if isinstance(progress, Path) else progress
    place = None if storage is None else _Place(storage, seconds, notify)
    training = _Training(job, report or ignore, cancelled or _never, place)
    started = time.perf_counter()
    ending = training.end(lambda: training.run(folder))
    gpu = training.meter.gpu_seconds
    spent = time.perf_counter() - started + training.meter.earlier_seconds
    durations = {
        "seconds": round(spent, DECIMALS),
        "gpu_seconds": None if gpu is None else round(gpu, DECIMALS),
    }
    return FinalOutcome(**{**training.facts(), **ending, **durations})


def measure_again(folder: Path, device: str = "cpu", threads: int = 0) -> tuple[Measurement, ...]:
    """Measure a stored network on the test part of its data set again.

    It serves to check a stored network: on the same kind of device with as many threads, the
    values equal the stored ones exactly.

    Raises:
        EngineError: the network or its data set is damaged, missing or another one.
    """
    from ..core.torch_state import threads as with_threads
    from ..estimators.training.device_context import find_device_context
    from ..estimators.training.final import measure_test

    stored = load_stored(folder)
    dataset = named_dataset(stored.dataset["name"], stored.dataset["config"])
    if dataset.facts().digest != stored.dataset["digest"]:
        raise EngineError(
            f"the data set {dataset.name} is not the one that {folder} was trained on (digest): "
            "correct its path"
        )
    settings = {**stored.protocol["settings"], "device": device, "threads": threads}
    config = _config(settings, stored.data_kind)
    context = find_device_context(config)
    with with_threads(threads):
        network = context.move(stored.network())
        return measure_test(network, dataset, context, config, _never)


@dataclass(frozen=True)
class _Place:
    """Where and how often a training is kept, and the receiver of notices."""

    storage: Storage
    seconds: float
    notify: Notify


class _Training:
    """One training in progress."""

    def __init__(
        self,
        job: FinalJob,
        report: Report,
        cancelled: Callable[[], bool],
        place: _Place | None,
    ):
        self.job = job
        self.place = place
        self.report = report
        self.cancelled = cancelled
        self.meter = Meter()
        self.curve: list[dict[str, Any]] = []
        self.plan: FinalPlan | None = None
        self.dataset: _CountedReads | None = None
        self.digest = ""
        self.per_epoch = 0

    def end(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the fields of the outcome about the end of the training."""
        try:
            return act()
        except Cancelled:
            return {"state": "cancelled", "reason": "cancelled"}
        except (Diverged, NotFinite) as error:
            return {"state": "diverged", "reason": one_line(str(error))}
        except EngineError as error:
            return {"state": "failed", "reason": one_line(str(error))}
        except Exception as error:  # one bad seed must not end the others
            return {"state": "failed", "reason": one_line(f"{type(error).__name__}: {error}")}

    def facts(self) -> dict[str, Any]:
        """Return the fields of the outcome that are known however the training ended."""
        speeds = [point[key] for point in self.curve for key in point if key.endswith("per_second")]
        return {
            "seed": self.job.seed,
            "epochs": len(self.curve),
            "curve": tuple(self.curve),
            "protocol": self.plan.protocol_json if self.plan else {},
            "dataset": self._dataset_json() if self.plan else {},
            "test_reads": self.dataset.reads if self.dataset else 0,
            "throughput": round(statistics.median(speeds), 1) if speeds else None,
        }

    def run(self, folder: Path) -> dict[str, Any]:
        from ..estimators.training.final import examples_in_epoch, parts_of, train_finally

        self.plan = plan = self.job.plan()
        dataset = named_dataset(self.job.dataset, self.job.dataset_config)
        self.dataset = counted = _CountedReads(dataset)
        facts = dataset.facts()
        self.digest = facts.digest
        parts = parts_of(dataset, plan.protocol.trains_on)
        self.per_epoch = examples_in_epoch(plan.config, parts)
        trained = train_finally(
            plan.config, self._evaluation(plan), dataset=counted.dataset, parts=parts
        )
        outcome = trained.outcome
        if outcome.state != "done":
            return {"state": outcome.state, "reason": one_line(outcome.reason)}
        if not is_first():
            return {"state": "done"}
        measurements = (*outcome.measurements, *_costs(plan, facts))
        stored = self._store(folder, trained, facts, measurements)
        return {"state": "done", "measurements": measurements, "network": stored}

    def _progress(self) -> Progress | None:
        """Return where the training is kept."""
        if self.place is None:
            return None
        place = self.place
        task = {**self.job.to_json(), "device": None, "threads": None}
        progress = unfinished(task, place.storage, seconds=place.seconds, notify=place.notify)
        return replace(progress, curve=self.curve)

    def _evaluation(self, plan: FinalPlan) -> Evaluation:
        return Evaluation(
            proposal=Proposal(0, plan.architecture),
            space=space_of(plan.architecture),
            goals=(),
            seed=self.job.seed,
            dataset=self.job.dataset,
            dataset_config=self.job.dataset_config,
            report=self._epoch,
            cancelled=self.cancelled,
            meter=self.meter,
            progress=self._progress(),
        )

    def _epoch(self, point: dict[str, Any]) -> None:
        seconds = point.get("seconds") or 0
        unit = "words" if self._is_text else "images"
        speed = {f"{unit}_per_second": round(self.per_epoch / seconds, 1)} if seconds else {}
        point = {**point, **speed}
        self.curve.append(point)
        self.report(point)

    @property
    def _is_text(self) -> bool:
        return self.dataset is not None and self.dataset.dataset.kind == "text"

    def _dataset_json(self) -> dict[str, Any]:
        assert self.plan is not None
        config = self.plan.dataset_config
        return {"name": self.job.dataset, "config": config, "digest": self.digest}

    def _store(
        self,
        folder: Path,
        trained: Trained,
        facts: DatasetFacts,
        measurements: tuple[Measurement, ...],
    ) -> dict[str, Any]:
        """Store the network and return its facts."""
        assert self.plan is not None and self.dataset is not None and trained.network is not None
        dataset = self.dataset.dataset
        described = StoredNetwork(
            architecture=self.plan.architecture,
            input_shape=facts.shape,
            classes=facts.classes,
            data_kind=dataset.kind,
            labels=dataset.labels(),
            preprocessing=dataset.preprocessing(),
            dataset=self._dataset_json(),
            protocol=self.plan.protocol_json,
            seed=self.job.seed,
            code_version=code_version(),
            measurements=measurements,
            curve=tuple(self.curve),
        )
        return save_network(trained.network, described, folder).facts()


class _CountedReads:
    """A data set that counts how often its test part is read."""

    def __init__(self, dataset: Dataset):
        self.reads = 0
        self.dataset = dataset
        original = dataset.test_part

        def test_part() -> Any:
            self.reads += 1
            return original()

        dataset.test_part = test_part  # type: ignore[method-assign]


def _costs(plan: FinalPlan, facts: DatasetFacts) -> tuple[Measurement, ...]:
    """Return parameters and multiply-accumulates, which are counted without training."""
    counted = describe("", plan.architecture, facts.shape, facts.classes)
    return (
        Measurement("params", counted.params, "", method="counted"),
        Measurement("macs", counted.macs, "", method="counted"),
    )


def _config(settings: dict[str, Any], kind: Any) -> Any:
    from ..core.settings import from_mapping
    from ..estimators.training.config import TrainConfig

    return from_mapping(TrainConfig, settings).resolve(kind)


def _never() -> bool:
    return False
