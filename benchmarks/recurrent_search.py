"""Compare recurrent cells that DARTS and ENAS find on `pydoc-text` with an LSTM baseline.

    python benchmarks/recurrent_search.py [--methods darts,enas] [--seeds 1] [--words 30000]
        [--vocabulary 2000] [--hidden 64] [--epochs 10] [--standalone 8] [--json]

The supernet is trained for `--epochs`. The derived cells, and an LSTM with as many parameters as
the best of them, are then trained from scratch for `--standalone` epochs on the same text.
Perplexity is measured on the validation part. Prints figures, writes no files.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from nasengine.execution.assembly import make_space
from nasengine.objectives.latency.processor import cpu_name

METHODS = {
    "darts": {"compared": 1, "alpha_learning_rate": 0.01},
    "enas": {
        "controller_steps": 20,
        "samples": 5,
        "tanh": 2.5,
        "op_reduce": 1.0,
        "proofs": 2,
        "sampled": 30,
        "reward_batch": 32,
    },
    "random-sharing": {"proofs": 2, "sampled": 30, "watched": 4},
}
DERIVED = 2


def spec_of(method: str, seed: int, args: argparse.Namespace) -> SearchSpec:
    """Return the search settings."""
    return SearchSpec(
        space="recurrent-cell",
        strategy=method,
        dataset="pydoc-text",
        objectives=("perplexity", "params"),
        candidates=args.epochs + 1 + DERIVED + 1,
        seed=seed,
        space_config={"hidden": args.hidden},
        strategy_config={"epochs": args.epochs, "batch_size": 16, **METHODS[method]},
        estimator_config={"epochs": args.standalone, "threads": torch.get_num_threads()},
        dataset_config={"limit": args.words, "vocabulary": args.vocabulary},
    )


def measured(method: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Run one search; return the best cell and its LSTM baseline."""
    spec = spec_of(method, seed, args)
    started = time.monotonic()
    result = search.run(spec)
    best, baseline = result.best, result.candidates[-1].outcome.findings
    assert best is not None
    assert "network" in baseline, "the LSTM baseline was not trained"
    cell = best.outcome.values["perplexity"]
    lstm = baseline["values"]["perplexity"]
    return {
        "method": method,
        "seed": seed,
        "seconds": round(time.monotonic() - started, 1),
        "cell": make_space(spec).text(best.proposal.architecture),
        "origin": best.proposal.origin,
        "perplexity": cell,
        "params": best.outcome.values["params"],
        "lstm_perplexity": lstm,
        "lstm_params": baseline["parameters"],
        "better_by_percent": round(100 * (1 - cell / lstm), 2),
    }


def main() -> None:
    """Print the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--methods", default="darts,enas")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--words", type=int, default=30_000)
    parser.add_argument("--vocabulary", type=int, default=2000)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--standalone", "--alone", type=int, default=8)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args()
    torch.set_num_threads(1)  # small cells do not profit from a second thread
    results = [
        measured(method, seed, args)
        for method in args.methods.split(",")
        for seed in range(args.seeds)
    ]
    machine = f"{cpu_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    if args.json:
        print(json.dumps({"machine": machine, "results": results}))
        return
    for row in results:
        comparison = "better" if row["better_by_percent"] > 0 else "worse"
        print(
            f"{row['method']:14} seed {row['seed']}: cell {row['perplexity']:.1f} of "
            f"{row['params']:.0f} parameters ({row['origin']}), LSTM {row['lstm_perplexity']:.1f} "
            f"of {row['lstm_params']}: {abs(row['better_by_percent']):.1f} % {comparison}; "
            f"{row['seconds']:.0f} s; {row['cell']}"
        )
    print(f"{machine}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
