"""Save a state of every strategy on every space that it accepts, and what follows from it.

    cd CHECKOUT_OF_813a27a && PYTHONPATH=. python .../make/states.py OUTPUT_FOLDER

A case is the run's settings, the state after half of a search with candidates in flight, and the
steps of the other half: what was proposed and which outcome was reported. Outcomes are made up
from a hash of the architecture, and some of them are failures of every kind.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from nasengine.core.question import Question

from nasengine import assembly
from nasengine.catalog import load, names
from nasengine.core.architecture import canonical_json
from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal

WIDTH = 3  # candidates in flight
BEFORE, AFTER = 21, 12  # proposals before the state is saved, and after it
FAILURES = ("pruned", "diverged", "failed", "cancelled")
FAILURE_PERCENT = 15
# Small enough that 33 candidates reach every phase of a strategy.
SETTINGS: dict[str, dict[str, Any]] = {
    "regularised-evolution": {"population": 8, "sample": 3},
    "nsga2": {"population": 8},
    "local-search": {"starts": 4},
    "monas": {"warm_up": 6, "batch": 2, "hidden": 4},
    "renas": {"population": 8, "sample": 3, "hidden": 3, "embedding": 3},
    "topology-evolution": {"population": 8},
    "dpp-net": {"first": 10, "keep": 6, "epochs": 2, "hidden": 3, "embedding": 3, "children": 60},
    "darts": {"epochs": 4, "searches": 50, "compared": 2},
    "enas": {"epochs": 4, "searches": 50, "proofs": 3},
    "random-sharing": {"epochs": 4, "searches": 50, "proofs": 3},
}
# Other settings of the same strategies, on nb201 with one objective or with a constraint.
OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("regularised-evolution", {"population": 6, "sample": 2, "survival": "age", "crossover": 0.3}),
    ("nsga2", {"population": 6, "crossover": 0.2, "mutation": 0.9}),
    ("local-search", {"starts": 3, "move": "best"}),
    ("monas", {"warm_up": 4, "hidden": 4, "reward": "accuracy-floor"}),
    ("renas", {"population": 6, "sample": 2, "hidden": 3, "embedding": 3, "survival": "age",
               "mutations": "every-block"}),
    ("topology-evolution", {"population": 6, "minimal": False, "learn": False}),
    ("dpp-net", {"first": 8, "keep": 4, "epochs": 2, "hidden": 3, "embedding": 3, "children": 40}),
    ("darts", {"epochs": 6, "searches": 50, "compared": 1, "stop": "eigenvalue",
               "eigenvalue_every": 1}),
    ("darts", {"epochs": 6, "searches": 50, "compared": 1, "stop": "skips", "partial": 2}),
    ("random", {}),
)  # fmt: skip


def settings_of(strategy: str, space: str, seed: int, **changed: Any) -> Question:
    """The run's settings, checked and written out in full."""
    text = load("spaces", space).reads == "text"
    quality = "perplexity" if text else "error"
    values: dict[str, Any] = {
        "space": space,
        "strategy": strategy,
        "dataset": "pydoc-text" if text else "digits",
        "objectives": (quality, "params", "latency@cpu"),
        "constraints": (f"{quality}<60",),
        "candidates": 1000,
        "seed": seed,
        "in_flight": WIDTH,
        "strategy_config": SETTINGS.get(strategy, {}),
    }
    return assembly.check(Question(**{**values, **changed}))


def case_of(question: Question) -> dict[str, Any]:
    """The settings, the state half way, and the steps from there on."""
    strategy = assembly.make_strategy(question)
    pending: list[Proposal] = []
    asked = 0
    while asked < BEFORE:
        kind, _ = step(question, strategy, pending)
        asked += kind == "ask"
    state = json.loads(json.dumps(strategy.state_dict(), allow_nan=False))
    steps = []
    while asked < BEFORE + AFTER:
        kind, item = step(question, strategy, pending)
        asked += kind == "ask"
        steps.append([kind, item])
    return {"question": question.to_json(), "state": state, "steps": steps}


def step(question: Question, strategy: Any, pending: list[Proposal]) -> tuple[str, Any]:
    """Ask while fewer than WIDTH are in flight, else report one, neither the first nor the last."""
    if len(pending) < WIDTH:
        proposal = strategy.ask()
        if proposal is not None:
            pending.append(proposal)
            return "ask", shortened(proposal)
    proposal = pending.pop((len(pending) * 2) // 3 if len(pending) > 1 else 0)
    outcome = ending(question, proposal)
    strategy.tell(outcome)
    return "tell", outcome.to_json()


def shortened(proposal: Proposal) -> dict[str, Any]:
    """The proposal as it is stored, with the architecture's id in place of the architecture."""
    value = proposal.to_json()
    value["architecture"] = proposal.architecture.id
    return value


def ending(question: Question, proposal: Proposal) -> Outcome:
    """An outcome that follows from the architecture, and from the note of a shared step."""
    said = canonical_json(proposal.note) if proposal.task == "share" else ""
    digest = hashlib.sha256((proposal.architecture.canonical + said).encode()).digest()
    if digest[0] % 100 < FAILURE_PERCENT:
        state = FAILURES[digest[1] % len(FAILURES)]
        kept = (Measurement("params", 5.0, ""),) if state == "pruned" else ()
        return Outcome(proposal.number, state, kept, reason="a made-up failure")
    if proposal.task == "share":
        found = findings(question.space, question.strategy, proposal)
        return Outcome(proposal.number, "trained", epochs=1, findings=found)
    cost = digest[2] / 32 + digest[3] / 4096
    values = (90 - 9 * cost + digest[4] / 16, 1e5 * (1 + cost), 1 + cost * cost)
    goals = assembly.goals_of(question)
    return Outcome(
        proposal.number,
        "done",
        tuple(Measurement(g.name, v, g.unit) for g, v in zip(goals, values, strict=False)),
        epochs=1,
    )


def findings(space_name: str, strategy: str, proposal: Proposal) -> dict[str, Any]:
    """What an epoch of a shared network might have found."""
    space_class = load("spaces", space_name)
    space, note = space_class(space_class.Config()), proposal.note
    rng = np.random.default_rng([note["seed"] % 2**32, note["epoch"]])
    drawn = [space.sample(rng) for _ in range(note.get("derived", 3))]
    found: dict[str, Any] = {
        "train_loss": 2.0 / (1 + note["epoch"]),
        "valid_loss": 2.5 / (1 + note["epoch"]),
        "eigenvalue": float(rng.uniform(0.1, 0.3)),
        "errors": rng.uniform(1, 90, size=len(note.get("score", drawn))).round(3).tolist(),
        "genomes": [one.genome for one in drawn],
    }
    if strategy == "darts":
        shapes = alphas_of(space_name)
        found["alphas"] = {n: rng.normal(size=s).round(5).tolist() for n, s in shapes.items()}
    if strategy == "enas":
        options = [len(decision.options) for decision in space.decisions()]
        found["policy"] = [rng.dirichlet(np.ones(n)).round(4).tolist() for n in options]
        found |= {"best": drawn[0].genome, "reward": float(rng.uniform())}
        found |= {"entropy": float(rng.uniform(0, 6)), "baseline": float(rng.uniform())}
    if note["do"] == "rival":
        found |= {"values": {"perplexity": float(rng.uniform(20, 90))}, "parameters": 5000}
        found |= {"network": "LSTM"}
    return found


@cache
def alphas_of(space_name: str) -> dict[str, tuple[int, ...]]:
    """Name and shape of a shared network's architecture parameters."""
    import torch

    space_class = load("spaces", space_name)
    space: Any = space_class(space_class.Config())
    shape = (1,) if space.reads == "text" else (3, 32, 32)
    with torch.device("meta"):
        network = space.build(space.shared(), shape, 10)
    parameters = network.named_parameters()
    return {
        name.removeprefix("alphas."): tuple(parameter.shape)
        for name, parameter in parameters
        if name.startswith("alphas.")
    }


def cases() -> dict[str, list[dict[str, Any]]]:
    """Strategy -> its cases."""
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in names("strategies")}
    for strategy, found in made.items():
        needs = load("strategies", strategy).needs
        for place, space in enumerate(names("spaces")):
            if needs <= load("spaces", space).offers:
                found.append(case_of(settings_of(strategy, space, 100 + place)))
    for place, (strategy, config) in enumerate(OTHERS):
        several = strategy in ("nsga2", "monas")
        changed = {
            "objectives": ("error", "params") if several else ("error",),
            "constraints": ("error<60",) if strategy == "monas" else (),
            "strategy_config": config,
        }
        made[strategy].append(case_of(settings_of(strategy, "nb201", 200 + place, **changed)))
    return made


def main(folder: Path) -> None:
    """Write one file for each strategy."""
    folder.mkdir(parents=True, exist_ok=True)
    for strategy, found in cases().items():
        text = json.dumps(found, allow_nan=False, separators=(",", ":"), sort_keys=True)
        path = folder / f"{strategy}.json.gz"
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        print(f"{path.name}: {len(found)} cases, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
