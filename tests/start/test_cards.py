"""`make run` starts one worker per NVIDIA card; each sees only its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from webapp.start import up
from webapp.start.cards import VISIBLE, find_cards, plan_workers


def test_every_device_file_is_a_card(tmp_path: Path):
    for name in ("nvidia0", "nvidia1", "nvidia3", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert find_cards({}, tmp_path) == ["0", "1", "2"]
    assert find_cards({}, tmp_path / "nothing") == []


@pytest.mark.parametrize(
    ("visible", "cards"),
    [("2,5", ["2", "5"]), (" GPU-8a1f , 1 ", ["GPU-8a1f", "1"]), ("", []), ("1,-1,2", ["1"])],
)
def test_the_variable_decides_which_cards_are_used(visible: str, cards: list[str], tmp_path: Path):
    (tmp_path / "nvidia0").touch()
    assert find_cards({VISIBLE: visible}, tmp_path) == cards


class Recorder:
    """A supervisor that only notes what it should start."""

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}

    def add(self, name: str, start: Any) -> None:
        self.started[name] = start


@pytest.mark.parametrize(
    ("cards", "slots", "expected"),
    [
        ([], 2, [("cpu", "all"), ("cpu", "all")]),
        (["0", "1"], 1, [("cuda,cpu", "0"), ("cuda,cpu", "1")]),
        (["4"], 3, [("cuda,cpu", "4"), ("cpu", ""), ("cpu", "")]),
    ],
)
def test_one_worker_per_card(cards, slots, expected, monkeypatch, tmp_path):
    """A worker for processors sees no card, unless the machine has none anyway."""
    monkeypatch.setattr(up, "find_cards", lambda: cards)
    supervisor: Any = Recorder()
    options = argparse.Namespace(host="127.0.0.1", port=8000, slots=slots, per_card=3)
    up._start_all(supervisor, {VISIBLE: "all", "KEPT": "1"}, options, tmp_path)
    found = []
    for number in range(1, len(expected) + 1):
        command, environment = supervisor.started.pop(f"worker-{number}").args[:2]
        assert environment["KEPT"] == "1"
        assert command[command.index("--concurrency") + 1] == (
            "3" if "cuda" in command[command.index("--queues") + 1] else "1"
        )
        found.append((command[command.index("--queues") + 1], environment[VISIBLE]))
    assert found == expected
    assert set(supervisor.started) == {"web", "coordinator"}
    assert [plan.name for plan in plan_workers(slots, cards)] == [
        f"worker-{number}" for number in range(1, len(expected) + 1)
    ]
