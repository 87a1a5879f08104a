"""Result and Candidate: the outcome of a search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.architecture import Architecture
from ..core.measurement import Measurement
from ..core.objective import Constraint, Goal, parse_constraint
from ..core.outcome import Outcome, OutcomeState
from ..core.proposal import Proposal
from ..core.search_spec import SearchSpec
from ..core.weight_store import WeightStore
from ..pareto.orientation import oriented, signs, violation
from ..pareto.run_front import RunFront
from ..pareto.selection import best
from .budget import count_pruned, end_reason, is_used_up

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects
    import torch

    from .description import Description


@dataclass(frozen=True)
class Candidate:
    """An architecture that a search proposed, and how its evaluation ended."""

    proposal: Proposal
    outcome: Outcome
    spec: SearchSpec = field(compare=False, repr=False, default_factory=SearchSpec)

    @property
    def number(self) -> int:
        """Its number in the search, counted from 0."""
        return self.proposal.number

    @property
    def architecture(self) -> Architecture:
        return self.proposal.architecture

    @property
    def parents(self) -> tuple[int, ...]:
        """The numbers of the candidates it was made from."""
        return self.proposal.parents

    @property
    def state(self) -> OutcomeState:
        """`done`, `stopped` (early), `pruned`, `diverged`, `failed`, or `trained` (a supernet
        training step)."""
        return self.outcome.state

    @property
    def reason(self) -> str:
        """Why it was not evaluated completely; empty if it was."""
        return self.outcome.reason

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        return self.outcome.measurements

    @property
    def values(self) -> dict[str, float]:
        """Objective name -> value, in the objective's unit."""
        return self.outcome.values

    @property
    def text(self) -> str:
        """The architecture on one line, in the notation of its space."""
        from .building import text_of

        return text_of(self.architecture)

    def build(
        self,
        input_shape: tuple[int, ...] | None = None,
        classes: int | None = None,
        *,
        seed: int | None = None,
    ) -> torch.nn.Module:
        """Return the network with freshly initialised weights.

        Args:
            input_shape: Channels x height x width; default: that of the search's data set.
            classes: Number of classes (of words if the space reads text); same default.
            seed: Seed of the weights; default: torch's global generator as it is.

        Raises:
            EngineError: the space does not allow the architecture, or the data set is not on
                this machine and `input_shape` or `classes` is missing.
        """
        from .building import build, check_builds, shape_and_classes, space_of

        check_builds(space_of(self.architecture))
        shape, count = shape_and_classes(self.spec, input_shape, classes)
        return build(self.architecture, shape, count, seed=seed)

    def describe(
        self, input_shape: tuple[int, ...] | None = None, classes: int | None = None
    ) -> Description:
        """Return parameters, multiply-accumulates and graph; `print` it, or see `to_json`.

        Args and errors: as for `build`.
        """
        from .building import check_builds, shape_and_classes, space_of
        from .description import describe

        check_builds(space_of(self.architecture))
        shape, count = shape_and_classes(self.spec, input_shape, classes)
        return describe(f"candidate {self.number}", self.architecture, shape, count)

    def __repr__(self) -> str:
        values = ", ".join(
            f"{m.objective} {m.value:g} {m.unit}".rstrip() for m in self.measurements
        )
        return f"<Candidate {self.number} {self.state}: {values or self.reason}>"


@dataclass(frozen=True)
class Result:
    """Result of a search: every candidate, the best, the front and its hypervolume.

    `candidates` are in proposal order, `goals` are the objectives with direction and unit.
    """

    spec: SearchSpec
    goals: tuple[Goal, ...]
    candidates: tuple[Candidate, ...]
    finished: bool = True
    weights: WeightStore | None = field(default=None, compare=False, repr=False)
    # The pauses of trainings in parts, for a search that continues.
    parts: tuple[tuple[Proposal, Outcome], ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(
        cls,
        spec: SearchSpec,
        goals: tuple[Goal, ...],
        evaluated: Iterable[tuple[Proposal, Outcome]],
        weights: WeightStore | None = None,
    ) -> Result:
        """Return the result of these evaluations; finished if the budget is used up."""
        pairs = list(evaluated)
        parts = tuple(pair for pair in pairs if pair[1].state == "paused")
        candidates = tuple(Candidate(*pair, spec) for pair in pairs if pair[1].state != "paused")
        pruned = count_pruned(candidate.state for candidate in candidates)
        finished = is_used_up(spec, len(candidates), pruned)
        return cls(spec, goals, candidates, finished, weights, parts)

    @property
    def pruned(self) -> int:
        """How many candidates were not trained because they violate a constraint.

        They do not count towards the budget.
        """
        return count_pruned(candidate.state for candidate in self.candidates)

    @property
    def end_reason(self) -> str:
        """Why the search ended before the budget was used up; "" if it did not."""
        return end_reason(self.spec, len(self.candidates), self.pruned)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        return tuple(parse_constraint(text) for text in self.spec.constraints)

    @cached_property
    def run_front(self) -> RunFront:
        """The front's numbers, reference point and hypervolume after each candidate."""
        history = ((c.number, c.values, c.state) for c in self.candidates)
        return RunFront.from_history(self.goals, self.constraints, history)

    @cached_property
    def best(self) -> Candidate | None:
        """The best evaluated candidate by the first objective, None if none was evaluated.

        Ties are decided by the further objectives. If every candidate violates the
        constraints, it is the best of those that violate them least.
        """
        done = [candidate for candidate in self.candidates if candidate.state == "done"]
        broken = np.array([violation(c.values, self.constraints) for c in done])
        points = oriented([c.values for c in done], self.goals)
        row = best(points, broken, [c.number for c in done])
        return None if row is None else done[row]

    @cached_property
    def front(self) -> list[Candidate]:
        """The candidates on the Pareto front, by number."""
        members = set(self.run_front.front)
        return sorted((c for c in self.candidates if c.number in members), key=lambda c: c.number)

    @property
    def front_points(self) -> np.ndarray:
        """n x m values of the front in the objectives' own units; rows as in `front`."""
        return oriented([c.values for c in self.front], self.goals) * signs(self.goals)

    @property
    def hypervolume(self) -> float:
        """Share of the box between zero and the reference point that the front dominates."""
        return self.run_front.hypervolume

    def candidate(self, number: int) -> Candidate:
        """Return the candidate with this number.

        Raises:
            EngineError: there is none.
        """
        for candidate in self.candidates:
            if candidate.number == number:
                return candidate
        from ..core.errors import EngineError

        raise EngineError(
            f"candidate {number} does not exist: the run has {len(self.candidates)} candidates, "
            "numbered from 0"
        )

    def extend(
        self, candidates: int, *, workers: int = 1, progress: bool = True, **parts: Any
    ) -> Result:
        """Continue the search up to a larger number of candidates and return the new result.

        The result equals that of one search with the larger budget.

        Args:
            candidates: New total number of candidates.
            workers: Worker processes, see `nasengine.search`.
            progress: Show a progress bar.
            parts: `estimator=FUNCTION` for a search that a Python function evaluates, if the
                result was loaded from a file.

        Raises:
            EngineError: the strategy proposes other architectures than the result holds: its
                settings or the version of the engine differ.
        """
        from .search import extend

        return extend(self, candidates, workers=workers, progress=progress, **parts)

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per candidate: number, state, one column per objective, text, ...

        Raises:
            ImportError: pandas is not installed.
        """
        from .figures import frame

        return frame(self)

    def plot_front(self, x: str | None = None, y: str | None = None) -> plotly.graph_objects.Figure:
        """Return a Plotly figure of all candidates and the front.

        Args:
            x: Objective of the x axis; default: the second one (the number, if there is one).
            y: Objective of the y axis; default: the first one.

        Raises:
            ImportError: plotly is not installed.
            EngineError: an objective does not exist.
        """
        from .figures import front_figure

        return front_figure(self, x, y)

    def plot_hypervolume(self) -> plotly.graph_objects.Figure:
        """Return a Plotly figure of the hypervolume after each candidate.

        Raises:
            ImportError: plotly is not installed.
        """
        from .figures import hypervolume_figure

        return hypervolume_figure(self)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a run file that `load_run` and the command line read.

        Weights that a continued search needs are copied to the folder PATH.weights.

        Raises:
            EngineError: the file exists and `overwrite` is off, or it cannot be written.
        """
        from .run_file import save_run

        save_run(self, Path(path), overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Return the result in a run file; the same as `nasengine.load_run`.

        Raises:
            EngineError: the file cannot be read or is not a run file.
        """
        from .run_file import load_run

        return load_run(path)

    def __repr__(self) -> str:
        counts: dict[str, int] = {}
        for candidate in self.candidates:
            counts[candidate.state] = counts.get(candidate.state, 0) + 1
        states = ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"
        head = f"<Result {self.spec.strategy} on {self.spec.space}: {states}"
        if not self.finished:
            head += f" of {self.spec.candidates}"
        if self.end_reason:
            head += f"; {self.end_reason}"
        if self.best is None:
            reasons = [c.reason for c in self.candidates if c.reason]
            return f"{head}; no best{f': {reasons[-1]}' if reasons else ''}>"
        return f"{head}; front of {len(self.front)}; best {self.best!r}>"
