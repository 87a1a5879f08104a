"""Measures the table `digits-nb201`: 4,096 small networks of space `nb201` trained on `digits`.

    python benchmarks/digits_nb201.py                          train three rows again and compare
    python benchmarks/digits_nb201.py train --folder FOLDER    the trainings, about an hour
    python benchmarks/digits_nb201.py time --folder FOLDER     the latencies, about ten minutes
    python benchmarks/digits_nb201.py write --folder FOLDER    the table that nasengine ships

`train` and `time` go on where they were stopped. Several processes of `train`, each with its
own --name, share the work if they begin at different ends (--backwards).
"""

from __future__ import annotations

import argparse
import datetime
import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.nb201 import digits_table, digits_trainings
from nasengine.estimators.tables.cells import cells_of
from nasengine.estimators.tables.packaged import FOLDER as PACKAGED
from nasengine.estimators.tables.packaged import packaged_table

ROWS_AGAIN = 3


def main() -> None:
    """Run one step of the measurement."""
    args = _arguments()
    if args.step == "check":
        check()
        return
    folder = Path(args.folder)
    if args.step == "train":
        digits_trainings.train_all(folder, args.name, args.backwards)
    elif args.step == "time":
        digits_trainings.time_all(folder)
    else:
        facts = {"commit": args.commit or _commit(), "measured": args.date}
        digits_table.write_table(folder, PACKAGED, facts)


def check() -> None:
    """Train three random rows of the table again, with every seed, and print both errors.

    On the same processor type they agree to the last digit. On another one, where sums are
    added up in another order, they may differ by some images.
    """
    table = packaged_table(digits_trainings.NAME)
    names = [name for name in digits_table.header() if name.startswith("error_seed")]
    cells = cells_of(table.name, (table.architecture,), tuple(names))
    groups = digits_trainings.groups()
    different = 0
    print("architecture, seed: errors after each epoch in the table / now")
    for group in random.Random(0).sample(groups, ROWS_AGAIN):
        stored = cells.get(group[0]) or {}
        for seed in digits_trainings.SEEDS:
            now = digits_trainings.errors(digits_trainings.train(group[0], seed))
            then = [stored[f"error_seed{seed}_{epoch}"] for epoch in digits_table.EPOCHS]
            different += any(abs(a - b) > 0.001 for a, b in zip(now, then, strict=True))
            print(f"{group[0]}, {seed}: {_line(then)} / {_line(now)}")
    print(f"{different} of {ROWS_AGAIN * len(digits_trainings.SEEDS)} trainings differ")


def _line(errors: list[float]) -> str:
    return " ".join(f"{error:.2f}" for error in errors)


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "step", nargs="?", default="check", choices=("check", "train", "time", "write")
    )
    parser.add_argument("--folder", default="digits-nb201", help="where measurements are kept")
    parser.add_argument("--name", default="a", help="of this process's file of trainings")
    parser.add_argument("--backwards", action="store_true", help="begin at the other end")
    parser.add_argument("--commit", help="commit that trained; default: the present one")
    parser.add_argument(
        "--date", default=datetime.date.today().isoformat(), help="day of the measurement"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
