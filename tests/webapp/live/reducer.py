"""Applying events to a snapshot: the twin of webapp/static/js/reducer.js."""

from __future__ import annotations

import copy
from typing import Any

LOG_LINES = 100
LAST_CURVES = 5
OPEN = {"queued", "running", "lost"}


class Page:
    """What an open page holds: a snapshot, moved by events."""

    def __init__(self, snapshot: dict[str, Any]):
        self.state = copy.deepcopy(snapshot)
        self.candidates = {row["number"]: row for row in self.state["candidates"]}

    @property
    def seq(self) -> int:
        return self.state["seq"]

    def apply(self, event: dict[str, Any]) -> None:
        """Takes one event; one whose number is known already changes nothing."""
        if event["seq"] > self.seq:
            self.state["seq"] = event["seq"]
            getattr(self, f"_{event['kind']}")(event["item"], event)

    def snapshot(self) -> dict[str, Any]:
        """The state in the form of a snapshot, to compare it with a fresh one."""
        rows = [self.candidates[number] for number in sorted(self.candidates)]
        return {**self.state, "candidates": rows, "curves": self._shown_curves()}

    def _run(self, item: dict, event: dict) -> None:
        self.state["run"] = item

    def _candidate(self, item: dict, event: dict) -> None:
        self.candidates[item["number"]] = item
        if item["epoch"] is None:
            self.state["curves"].pop(str(item["number"]), None)

    def _progress(self, item: dict, event: dict) -> None:
        self.state["curves"][str(item["number"])] = item["curve"]
        row = self.candidates[item["number"]]
        last = item["curve"][-1]
        moved = {name: last.get(name) for name in ("epoch", "epochs", "valid_error")}
        self.candidates[item["number"]] = {**row, **moved}

    def _front(self, item: dict, event: dict) -> None:
        front = self.state["front"]
        front["numbers"], front["reference"] = item["numbers"], item["reference"]
        if item["curve"] is not None:
            front["curve"] = item["curve"]
        elif item["point"] and not any(p["told"] == item["point"]["told"] for p in front["curve"]):
            front["curve"].append(item["point"])

    def _method(self, item: dict, event: dict) -> None:
        self.state["method"] = item

    def _log(self, item: dict, event: dict) -> None:
        line = {"seq": event["seq"], "at": event["at"], **item}
        self.state["log"] = [*self.state["log"], line][-LOG_LINES:]

    def _shown_curves(self) -> dict[str, Any]:
        """The curves of what is open, of the last few that ended and of the best."""
        rows = [row for row in self.candidates.values() if str(row["number"]) in self.curves]
        ended = [row for row in rows if row["state"] not in OPEN]
        ended.sort(key=lambda row: -row["ended_order"])
        kept = {row["number"] for row in rows if row["state"] in OPEN}
        kept |= {row["number"] for row in ended[:LAST_CURVES]} | {self._best()}
        return {n: c for n, c in self.curves.items() if int(n) in kept}

    @property
    def curves(self) -> dict[str, Any]:
        return self.state["curves"]

    def _best(self) -> int | None:
        goals = self.state["run"]["goals"]
        ranked = [
            (row["violation"] or 0, [oriented(row, goal) for goal in goals], row["number"])
            for row in self.candidates.values()
            if row["state"] == "done" and goals[0]["name"] in row["values"]
        ]
        return min(ranked)[2] if ranked else None


def oriented(row: dict[str, Any], goal: dict[str, Any]) -> float:
    """A value so that less is better; where there is none, the worst."""
    if goal["name"] not in row["values"]:
        return float("inf")
    value = row["values"][goal["name"]]["value"]
    return value if goal["better"] == "lower" else -value
