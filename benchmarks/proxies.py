"""Rank correlation of the proxies with the accuracy of 300 random networks of NAS-Bench-201.

    python benchmarks/proxies.py [OUTPUT.jsonl] [--networks 300] [--seed 42] [--batch 64]
                                 [--proxies snip synflow] [--report]

Every proxy of the catalogue is computed for random networks as published (16 channels, 15 cells,
CIFAR-10 input) with two batches of the CIFAR-10 subset in ../shared/data. One line is appended to
OUTPUT.jsonl for each network, so that an interrupted run goes on where it stopped. At the end, and
with --report from the rows so far, it prints Spearman and Kendall with the table's test accuracy
after 200 epochs, beside the published values.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from nasengine.catalog import load, names
from nasengine.core.torch_state import seeded, threads
from nasengine.proxies.common.probe import NetworkProbe
from nasengine.statistics.ranks import rank_correlation

if TYPE_CHECKING:
    import torch

    from nasengine.core.architecture import Architecture

DATA = Path(os.environ.get("PARETOSCOPE_DATA", Path(__file__).parents[2] / "shared" / "data"))
OUTPUT = Path(tempfile.gettempdir()) / "paretoscope-proxies.jsonl"
SHAPE, CLASSES = (3, 32, 32), 10
# 2101.08134, CIFAR-10, all networks; az_nas: 2403.19232.
PUBLISHED = {
    "grad_norm": 0.594,
    "snip": 0.596,
    "grasp": 0.514,
    "fisher": 0.36,
    "synflow": 0.737,
    "jacob_cov": 0.731,
    "az_nas": 0.913,
}
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def batches(size: int, seed: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return two batches of normalised training images of CIFAR-10."""
    import torch
    from PIL import Image

    stored = np.load(DATA / "cifar10_train20k_jpeg.npz")
    raw, offsets, labels = stored["jpeg"].tobytes(), stored["offsets"], stored["labels"]
    chosen = np.random.default_rng(seed).permutation(len(labels))[: 2 * size]
    pictures = [
        np.asarray(Image.open(io.BytesIO(raw[offsets[i] : offsets[i + 1]])).convert("RGB"))
        for i in chosen
    ]
    pixels = (np.stack(pictures) / 255 - MEAN) / STD
    images = torch.tensor(pixels.transpose(0, 3, 1, 2), dtype=torch.float32)
    targets = torch.tensor(labels[chosen].astype(np.int64))
    return [(images[i : i + size], targets[i : i + size]) for i in (0, size)]


def accuracies() -> dict[str, float]:
    """Return the mean test accuracy after 200 epochs by architecture text."""
    with gzip.open(DATA / "nb201_table.csv.gz", "rt") as file:
        return {row["arch_str"]: float(row["c10_test_acc_200"]) for row in csv.DictReader(file)}


def scored(
    architecture: Architecture,
    images: list[tuple[torch.Tensor, torch.Tensor]],
    seed: int,
    wanted: list[str],
) -> dict[str, float]:
    """Return the score and the seconds of each proxy for one network.

    Shared computations, such as the gradients of a batch, count for the first proxy.
    """
    space = nb201()
    with seeded(seed):
        network = space.build(architecture, SHAPE, CLASSES)
    probe = NetworkProbe(network, SHAPE, images, seed)
    row: dict[str, float] = {}
    for name in wanted:
        started = time.process_time()
        row[name] = load("proxies", name)().score(probe)
        row[f"{name}_s"] = time.process_time() - started
    return row


def nb201() -> Any:
    """Return the space as published."""
    space = load("spaces", "nb201")
    return space(space.Config())


def stored(output: Path) -> dict[int, dict[str, Any]]:
    """Return what has been measured by the number of the network."""
    rows: dict[int, dict[str, Any]] = {}
    for line in output.read_text().splitlines() if output.exists() else []:
        row = json.loads(line)
        rows.setdefault(row["number"], {}).update(row)
    return rows


def measure(output: Path, networks: int, seed: int, size: int, wanted: list[str]) -> None:
    """Append what is missing."""
    images, truth, done = batches(size, seed), accuracies(), stored(output)
    space, rng = nb201(), np.random.default_rng(seed)
    for number in range(networks):
        architecture = space.sample(rng)
        missing = [name for name in wanted if name not in done.get(number, {})]
        if not missing:
            continue
        text = space.text(architecture)
        row = {"number": number, "architecture": text, "accuracy": truth[text], "batch": size}
        with output.open("a") as file:
            print(json.dumps(row | scored(architecture, images, seed, missing)), file=file)


def report(output: Path) -> None:
    """Print the rank correlation of each proxy with the accuracy of the networks it is known of."""
    rows = list(stored(output).values())
    print(f"batch {rows[0]['batch']}, {platform.processor() or platform.machine()}, one thread")
    print("proxy             networks  Spearman [90 %]       Kendall  published  CPU seconds")
    for name in names("proxies"):
        proxy = load("proxies", name)
        needed = proxy.parts or (name,)
        known = [row for row in rows if all(part in row for part in needed)]
        accuracy = [row["accuracy"] for row in known]
        scores = {part: [row[part] for row in known] for part in needed}
        found = rank_correlation(
            proxy().combined(scores) if proxy.parts else scores[name], accuracy
        )
        if found is None:
            continue
        seconds = sum(row[f"{part}_s"] for row in known for part in needed) / len(known)
        print(
            f"{name:18}{len(known):7}   {found.spearman:.3f} [{found.low:.3f}, {found.high:.3f}]"
            f"    {found.kendall:.3f}   {PUBLISHED.get(name, '-'):>9}    {seconds:.2f}"
        )


def main() -> None:
    single = [name for name in names("proxies") if not load("proxies", name).parts]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, nargs="?", default=OUTPUT)
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--proxies", nargs="+", default=single, choices=single)
    parser.add_argument("--report", action="store_true", help="print the rows so far")
    options = parser.parse_args()
    if not options.report:
        with threads(1):
            measure(options.output, options.networks, options.seed, options.batch, options.proxies)
    report(options.output)


if __name__ == "__main__":
    main()
