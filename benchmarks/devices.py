"""Ten measurements of a new device: rank correlation, error and intervals on published latencies.

    python -m benchmarks.devices [--draws 20] [--first-seed 100] [--known measured|modelled]

The split of HELP (Lee et al., NeurIPS 2021) on NAS-Bench-201: nine known devices, six new ones, ten
networks measured on each new one. Only the measured ten of a new device are read by the predictor.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

import nasengine
from nasengine.objectives.latency.processor import cpu_name
from nasengine.predictors.few_shot.choice import choose_networks
from nasengine.predictors.few_shot.features import features_of_cells, needed_edges
from nasengine.predictors.few_shot.fitted import fit
from nasengine.predictors.few_shot.predictor import Prediction, learn_prior, predict
from nasengine.predictors.operators import network_graph, operator_model, profiles

KNOWN = (
    "1080ti_b1", "1080ti_b32", "1080ti_b256", "silver_4114", "silver_4210r", "samsung_a50",
    "pixel3", "essential_ph1", "samsung_s7",
)  # fmt: skip
NEW = ("titan_rtx_b256", "gold_6226", "fpga", "pixel2", "raspi4", "eyeriss")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
NONE = 0
MEASURED = 10
SHAPE, CLASSES = (3, 32, 32), 10
FOLDER = Path(os.environ.get("PARETOSCOPE_DATA") or Path(__file__).parents[2] / "shared" / "data")


def main() -> None:
    """Print a line for each new device and the means."""
    arguments = _arguments()
    operations, latencies, texts = read_table()
    features = features_of_cells(operations, EDGES, NONE)
    modelled = arguments.known == "modelled"
    known = (
        modelled_latencies(operations, texts)
        if modelled
        else {name: latencies[name] for name in KNOWN}
    )
    start = time.perf_counter()
    prior = learn_prior(features, known, modelled)
    learning_s = time.perf_counter() - start
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NEW}
    start = time.perf_counter()
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.draws):
        chosen = choose_networks(prior, MEASURED, seed)
        for name in NEW:
            measured = latencies[name][chosen]
            # With modelled devices only, the measured ones decide how wide intervals are.
            prediction = (
                fit(prior, chosen, measured)[0] if modelled else predict(prior, chosen, measured)
            )
            figures[name].append(_figures(prediction, latencies[name]))
    draw_s = (time.perf_counter() - start) / max(arguments.draws, 1)
    print(f"{cpu_name()}, {os.cpu_count()} cores, numpy {np.__version__}")
    print(f"known: {', '.join(known)}")
    print(f"learning {learning_s:.0f} s, a draw with six devices {draw_s:.1f} s")
    print_table(figures)


def print_table(figures: dict[str, list[tuple[float, float, float]]]) -> None:
    """Print mean and lowest Spearman, relative error, mean and lowest coverage of each device."""
    titles = f"{'Spearman':>10}{'lowest':>10}{'rel. error':>12}{'in interval':>13}{'lowest':>9}"
    print(f"{'device':16}{titles}")
    for name, draws in figures.items():
        values = np.array(draws)
        print(
            f"{name:16}{values[:, 0].mean():10.4f}{values[:, 0].min():10.4f}"
            f"{100 * values[:, 1].mean():10.1f} %{100 * values[:, 2].mean():11.1f} %"
            f"{100 * values[:, 2].min():7.1f} %"
        )
    values = np.array(list(figures.values()))
    means = values[:, :, 0].mean(axis=0)
    print(
        f"{'mean':16}{means.mean():10.4f}{means.min():10.4f}"
        f"{100 * values[:, :, 1].mean():10.1f} %{100 * values[:, :, 2].mean():11.1f} %"
    )


def read_table() -> tuple[np.ndarray, dict[str, np.ndarray], list[str]]:
    """Return operations (networks x edges), latencies in ms by device, and architecture strings."""
    with gzip.open(FOLDER / "nb201_table.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    operations = np.array([[int(digit) for digit in row["op_code"]] for row in rows])
    latencies = {
        name: np.array([float(row[f"lat_ms_{name}"]) for row in rows]) for name in KNOWN + NEW
    }
    return operations, latencies, [row["arch_str"] for row in rows]


def modelled_latencies(operations: np.ndarray, texts: list[str]) -> dict[str, np.ndarray]:
    """Return the latency of all networks on each packaged profile, in ms.

    A modelled latency is a sum over operators, so cells with the same operations have nearly the
    same one: of each multiset of operations that an export keeps, one cell is traced.
    """
    space_class = nasengine.load_plugin("spaces", "nb201")
    space = space_class(space_class.Config())
    kept = np.where(needed_edges(operations, EDGES, NONE), operations, NONE)
    keys, first, group = np.unique(
        np.sort(kept, axis=1), axis=0, return_index=True, return_inverse=True
    )
    models = {name: operator_model(name) for name in profiles()}
    values = {name: np.zeros(len(keys)) for name in models}
    for row, position in enumerate(first):
        graph = network_graph(
            space.build(space.parse(texts[position]), (3, 32, 32), 10), (3, 32, 32)
        )
        for name, model in models.items():
            values[name][row] = 1e3 * model.latency(graph)
    return {name: column[group.ravel()] for name, column in values.items()}


def _figures(prediction: Prediction, truth: np.ndarray) -> tuple[float, float, float]:
    """Return Spearman, median relative error, and the share of values inside their interval."""
    inside = (prediction.low <= truth) & (truth <= prediction.high)
    error = np.abs(prediction.value / np.maximum(truth, 1e-9) - 1)
    return (
        float(spearmanr(prediction.value, truth)[0]),
        float(np.median(error)),
        float(inside.mean()),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--known", choices=["measured", "modelled"], default="measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
