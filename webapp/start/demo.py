"""Rows of a large made-up team: runs of studies, and one run of many candidates.

Everything follows from a seed. The rows are marked as made up: the team's name says so, and no
worker ever claims them, because every run has ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
from django.db import transaction

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.pareto.dominance import constrained_front, joined
from nasengine.pareto.volume import growing_shares, reference_point
from webapp.accounts.models import Membership, Role, Team, User
from webapp.runs.models import Candidate, CandidateState, Measurement, Run, RunState, Study
from webapp.runs.services.launch import inputs_of
from webapp.studies.plan import Method, Plan

TEAM = "Demonstration (made-up runs)"
SLUG = "demonstration"
METHODS = ("random", "regularised-evolution", "nsga2", "local-search")
AUTHORS = ("ada", "grace", "emmy")
TAGS = ("paper 2", "baseline", "night")
OBJECTIVES = (("error", "%", "measured"), ("params", "", "counted"), ("macs", "MAC", "counted"))
EPOCHS = 3
SAME_ARCHITECTURE = 50  # candidates that share a drawing, since building one takes a while
STUDY_RUNS = 40
QUESTION = "Does any method find better trade-offs than random search with the same candidates?"
BATCH = 2000
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
QUALITY = {"random": 1.15, "regularised-evolution": 1.0, "nsga2": 1.03, "local-search": 1.07}


@dataclass(frozen=True)
class Demo:
    """How many rows to make: `runs` of `per_run` candidates, and one run of `candidates`."""

    runs: int = 10_000
    candidates: int = 10_000
    per_run: int = 5
    seed: int = 0


@transaction.atomic
def make_demo(demo: Demo, member: User | None = None) -> Team:
    """Make the demonstration team with its runs, and `member` its owner."""
    team = Team.objects.create(name=TEAM, slug=SLUG)
    if member is not None:
        Membership.objects.create(team=team, user=member, role=Role.OWNER)
    maker = _Maker(demo, team)
    runs = maker.runs()
    while batch := list(islice(runs, BATCH)):
        stored = Run.objects.bulk_create([run for run, _ in batch])
        for run in stored:  # the database has set the time of the insert
            run.created_at = run.started_at or NEWEST
        Run.objects.bulk_update(stored, ["created_at"], batch_size=BATCH)
        maker.store_candidates(batch)
    maker.store_long_run()
    return team


class _Maker:
    """Makes the rows of one demonstration from one random generator."""

    def __init__(self, demo: Demo, team: Team):
        self.demo = demo
        self.team = team
        self.rng = np.random.default_rng(demo.seed)
        self.authors = [_author(team, name) for name in AUTHORS]
        self.specs = {method: _spec(method, demo.per_run) for method in METHODS}
        self.inputs = {name: inputs_of(team, None, spec) for name, spec in self.specs.items()}
        seeds = range(STUDY_RUNS // len(METHODS))
        methods = tuple(Method(name, spec.strategy_config) for name, spec in self.specs.items())
        self.plan = Plan(self.specs[METHODS[0]], methods, tuple(seeds)).to_json()
        self.space = assembly.make_space(self.specs[METHODS[0]])

    def runs(self) -> Iterator[tuple[Run, np.ndarray]]:
        """Yield the runs with their values, four in five of them in studies of `STUDY_RUNS`."""
        study = None
        for number in range(self.demo.runs):
            group = number // STUDY_RUNS
            if number % STUDY_RUNS == 0:
                study = self._study(group) if group % 5 else None
            method = METHODS[number % len(METHODS)]
            run = self._run(method, self.authors[number % 3], self.demo.per_run)
            run.name = f"{study.name if study else 'Digits'} {method} {number}"
            run.study, run.seed = study, number // len(METHODS) % 10
            run.spec = {**run.spec, "seed": run.seed}
            run.tags = [tag for tag in TAGS if self.rng.random() < 0.1]
            if self.rng.random() < 0.02:
                run.state, run.reason = RunState.FAILED, "made up: failed"
            run.started_at = NEWEST - timedelta(minutes=11 * (number + 1))
            run.ended_at = run.rested_at = run.started_at + timedelta(minutes=9)
            values = self._values(method, self.demo.per_run)
            _set_front(run, values)
            yield run, values

    def store_long_run(self) -> None:
        """Store the run of many candidates; it is the newest."""
        count = self.demo.candidates
        run = self._run(METHODS[1], self.authors[0], count)
        run.name = f"{count:,} candidates"
        run.started_at, run.ended_at = NEWEST, NEWEST + timedelta(days=2)
        run.rested_at = run.ended_at
        values = self._values(METHODS[1], count)
        _set_front(run, values)
        run.save()
        Run.objects.filter(pk=run.pk).update(created_at=NEWEST)
        self.store_candidates([(run, values)])

    def store_candidates(self, runs: list[tuple[Run, np.ndarray]]) -> None:
        """Store the candidates of runs with their measurements."""
        candidates = [c for run, values in runs for c in self._candidates(run, values)]
        stored = Candidate.objects.bulk_create(candidates, batch_size=BATCH)
        rows = np.concatenate([values for _, values in runs])
        measured = (
            Measurement(candidate=candidate, objective=name, value=value, unit=unit, method=method)
            for candidate, row in zip(stored, rows.tolist(), strict=True)
            for (name, unit, method), value in zip(OBJECTIVES, row, strict=True)
        )
        while batch := list(islice(measured, BATCH)):
            Measurement.objects.bulk_create(batch)

    def _study(self, group: int) -> Study:
        name = f"Study {group}: cells on digits"
        author = self.authors[group % len(self.authors)]
        return Study.objects.create(
            team=self.team, name=name, question=QUESTION, plan=self.plan, created_by=author
        )

    def _run(self, method: str, author: User, candidates: int) -> Run:
        inputs = self.inputs[method]
        return Run(
            team=self.team,
            created_by=author,
            space_version=inputs.space_version,
            data_set=inputs.data_set,
            strategy=method,
            spec={**self.specs[method].to_json(), "candidates": candidates},
            objectives=inputs.objectives,
            data_report=inputs.data_report,
            state=RunState.FINISHED,
            candidate_budget=candidates,
            told=candidates,
            asked=candidates,
        )

    def _values(self, method: str, count: int) -> np.ndarray:
        """Return error, params and MACs: larger networks err less, with noise."""
        params = np.exp(self.rng.uniform(math.log(5e4), math.log(5e6), count))
        noise = QUALITY[method] * np.exp(0.15 * self.rng.standard_normal(count))
        error = np.clip(40 * (params / 5e4) ** -0.45 * noise, 0.5, 90)
        macs = params * self.rng.uniform(40, 160, count)
        return np.column_stack([error.round(3), params.round(), macs.round()])

    def _candidates(self, run: Run, values: np.ndarray) -> Iterator[Candidate]:
        start = run.started_at or NEWEST
        for number, error in enumerate(values[:, 0].tolist()):
            if number % SAME_ARCHITECTURE == 0:
                architecture = self.space.sample(self.rng)
            yield Candidate(
                run=run,
                number=number,
                state=CandidateState.DONE,
                proposal={"architecture": architecture.to_json()},
                architecture_id=self.rng.bytes(32).hex(),
                parents=[number - 1] if number else [],
                origin="mutation" if number else "random",
                curve=[
                    {"epoch": e, "epochs": EPOCHS, "valid_error": error * EPOCHS / e}
                    for e in range(1, EPOCHS + 1)
                ],
                epochs=EPOCHS,
                seconds=float(self.rng.uniform(5, 9)),
                started_at=start + timedelta(seconds=10 * number),
                ended_at=start + timedelta(seconds=10 * number + 9),
                ended_order=number,
                told=True,
            )


def _author(team: Team, name: str) -> User:
    """Return a person of the team who cannot sign in."""
    user, is_new = User.objects.get_or_create(username=f"demo-{name}")
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    Membership.objects.create(team=team, user=user, role=Role.RESEARCHER)
    return user


def _spec(method: str, candidates: int) -> SearchSpec:
    spec = SearchSpec(
        space="nb201",
        strategy=method,
        estimator="train",
        dataset="digits",
        objectives=tuple(name for name, _, _ in OBJECTIVES),
        candidates=candidates,
    )
    return assembly.check(spec)


def _set_front(run: Run, values: np.ndarray) -> None:
    """Set front, best candidate and its values, as the coordinator does."""
    names = [name for name, _, _ in OBJECTIVES]
    run.best = int(values[:, 0].argmin())
    run.best_values = dict(zip(names, values[run.best].tolist(), strict=True))
    front = np.flatnonzero(constrained_front(values, np.zeros(len(values)))).tolist()
    reference = reference_point(values)
    kept = np.flatnonzero(joined(values))  # only these change the hypervolume
    shares = growing_shares(values[kept], reference).tolist()
    curve = [
        {"told": number + 1, "number": number, "hypervolume": share}
        for number, share in zip(kept.tolist(), shares, strict=True)
    ]
    run.front = {"numbers": front, "reference": reference.tolist(), "curve": curve}
