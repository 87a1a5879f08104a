"""The result of a final evaluation: seeds, mean, spread, curves and stored networks."""

from __future__ import annotations

import html
import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.architecture import Architecture, canonical_json
from ..core.errors import EngineError
from ..core.text import one_line
from .building import space_of
from .final_job import FinalJob, FinalOutcome
from .network_folder import StoredNetwork, load_stored
from .protocols import protocol_key

if TYPE_CHECKING:
    import torch

FILE = "evaluation.json"
MAX_BYTES = 256 * 2**20
KIND, VERSION = "evaluation", 1
SHOWN = ("test_error", "test_perplexity", "params", "macs")


@dataclass(frozen=True)
class Figure:
    """The mean of one objective over the seeds.

    Attributes:
        objective: Name of the objective.
        mean: Mean over the trainings that are done.
        std: Standard deviation of a single training (n - 1); None for one training.
        n: Number of trainings.
        unit: Unit of all three.
    """

    objective: str
    mean: float
    std: float | None
    n: int
    unit: str

    def __str__(self) -> str:
        spread = "" if self.std is None else f" ± {self.std:.2f}"
        return f"{self.mean:.2f}{spread} {self.unit}".rstrip() + f" (n = {self.n})"

    def to_json(self) -> dict[str, Any]:
        return {
            "objective": self.objective,
            "mean": self.mean,
            "std": self.std,
            "n": self.n,
            "unit": self.unit,
        }


@dataclass(frozen=True)
class EvaluationResult:
    """Final trainings of one architecture by one protocol, one for each seed.

    Attributes:
        name: Name of the architecture for people.
        job: Architecture, protocol and data set; each outcome has its own seed.
        outcomes: How the trainings ended, in the order of the seeds.
        folder: Where the networks are, in folders `seed-N`.
    """

    name: str
    job: FinalJob
    outcomes: tuple[FinalOutcome, ...]
    folder: Path | None = field(default=None, compare=False)

    @property
    def architecture(self) -> Architecture:
        """The architecture in the size in which it was trained."""
        return self.job.plan().architecture

    @property
    def protocol(self) -> str:
        """Name of the protocol; of a changed one it says what was changed."""
        recorded = (outcome.protocol["name"] for outcome in self.outcomes if outcome.protocol)
        return next(recorded, None) or self.job.plan().protocol.name

    @property
    def protocol_key(self) -> str | None:
        """12 hex digits; figures may be compared if they are equal. None if nothing is done."""
        done = self.done
        return protocol_key(done[0].protocol, done[0].dataset) if done else None

    @property
    def done(self) -> tuple[FinalOutcome, ...]:
        """The trainings that are done."""
        return tuple(outcome for outcome in self.outcomes if outcome.state == "done")

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the trainings that are done."""
        return tuple(outcome.seed for outcome in self.done)

    @property
    def objective(self) -> str:
        """The objective of the test part: `test_perplexity` for text, else `test_error`."""
        is_text = space_of(self.job.architecture).data_kind == "text"
        return "test_perplexity" if is_text else "test_error"

    def figure(self, objective: str | None = None) -> Figure:
        """Return mean and spread of an objective; default: that of the test part.

        Raises:
            EngineError: no training has a value of it.
        """
        name = objective or self.objective
        measured = [
            measurement
            for outcome in self.done
            for measurement in outcome.measurements
            if measurement.objective == name
        ]
        if not measured:
            raise EngineError(f"no training of {self.name} has a value for {name}")
        values = [measurement.value for measurement in measured]
        std = statistics.stdev(values) if len(values) > 1 else None
        return Figure(name, statistics.fmean(values), std, len(values), measured[0].unit)

    @property
    def mean(self) -> float:
        """Mean of the objective of the test part over the seeds."""
        return self.figure().mean

    @property
    def std(self) -> float | None:
        """Standard deviation of the objective of the test part; None for one seed."""
        return self.figure().std

    @property
    def curves(self) -> dict[int, list[dict[str, Any]]]:
        """The reports of every epoch by seed."""
        return {outcome.seed: list(outcome.curve) for outcome in self.outcomes}

    @property
    def networks(self) -> dict[int, Path]:
        """Folders of the stored networks by seed."""
        if self.folder is None:
            return {}
        return {outcome.seed: self.folder / f"seed-{outcome.seed}" for outcome in self.done}

    def stored(self, seed: int | None = None) -> StoredNetwork:
        """Return the description of a stored network; default: the first.

        Raises:
            EngineError: no training with this seed is done.
        """
        networks = self.networks
        wanted = next(iter(networks), None) if seed is None else seed
        if wanted not in networks:
            known = ", ".join(map(str, networks)) or "none"
            raise EngineError(f"there is no network of seed {seed}; seeds that are done: {known}")
        return load_stored(networks[wanted])

    def network(self, seed: int | None = None) -> torch.nn.Module:
        """Return a trained network in evaluation mode; default: of the first seed.

        Raises:
            EngineError: as `stored`, or the network was changed or damaged.
        """
        return self.stored(seed).network()

    def to_json(self) -> dict[str, Any]:
        """Return everything but the networks; the figures are there for other programs."""
        done = self.done
        figures = [self.figure(name).to_json() for name in SHOWN if done and name in done[0].values]
        return {
            "kind": KIND,
            "version": VERSION,
            "name": self.name,
            "protocol": self.protocol,
            "protocol_key": self.protocol_key,
            "figures": figures,
            "job": self.job.to_json(),
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any], folder: Path | None = None) -> EvaluationResult:
        return cls(
            value["name"],
            FinalJob.from_json(value["job"]),
            tuple(FinalOutcome.from_json(outcome) for outcome in value["outcomes"]),
            folder,
        )

    def save(self, folder: str | Path | None = None) -> Path:
        """Write `evaluation.json`, default: next to the networks; return its path.

        Raises:
            EngineError: it cannot be written.
        """
        target = Path(folder) if folder is not None else self.folder
        if target is None:
            raise EngineError("this evaluation has no folder: name one")
        text = json.dumps(self.to_json(), indent=1, allow_nan=False)
        path, part = target / FILE, target / f".{FILE}.part"
        try:
            target.mkdir(parents=True, exist_ok=True)
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(path)
        except OSError as error:
            reason = error.strerror or error
            raise EngineError(f"{path} cannot be written ({reason}): name another folder") from None
        return path

    @classmethod
    def load(cls, folder: str | Path) -> EvaluationResult:
        """Return the evaluation in a folder.

        Raises:
            EngineError: the folder has no evaluation, or it is damaged.
        """
        folder = Path(folder)
        path = folder / FILE
        try:
            if path.stat().st_size > MAX_BYTES:
                raise EngineError(f"{path} is larger than {MAX_BYTES:,} bytes")
            value = json.loads(path.read_text(encoding="utf-8"))
            canonical_json(value)
            if value["kind"] != KIND or value["version"] != VERSION:
                raise EngineError(f"{path} is no evaluation of version {VERSION}")
            return cls.from_json(value, folder)
        except OSError as error:
            reason = error.strerror or error
            raise EngineError(f"{path} cannot be read ({reason}): name its folder") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, EngineError):
                raise
            raise EngineError(f"{path} is damaged ({one_line(str(error), 80)})") from None

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the figures as lines for people; the protocol is next to them."""
        text = [
            f"network      {self.name}",
            f"protocol     {self.protocol} on {self.job.dataset}",
        ]
        if self.done:
            names = [name for name in SHOWN if name in self.done[0].values]
            text += [f"{name:<12} {_shown(self.figure(name))}" for name in names]
        for outcome in self.outcomes:
            value = outcome.values.get(self.objective)
            shown = "" if value is None else f"{self.objective} {value:.2f}, "
            speed = "" if outcome.throughput is None else f", {outcome.throughput:,.0f} per second"
            reason = f": {outcome.reason}" if outcome.reason else ""
            text.append(
                f"seed {outcome.seed:<7} {shown}{outcome.state} after {outcome.epochs} epochs"
                f"{speed}{reason}"
            )
        if self.folder is not None:
            text.append(f"folder       {self.folder}")
        return text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def _shown(figure: Figure) -> str:
    return f"{figure.mean:,.0f}" if figure.objective in ("params", "macs") else str(figure)
